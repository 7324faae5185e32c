"""Low-discrepancy sequences in the unit cube, in any precision and on any device."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

from siren_pde.errors import DomainError


def sobol(
    n: int,
    dimension: int,
    *,
    seed: int,
    skip: int = 0,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Points number skip … skip + n − 1 of a scrambled Sobol sequence, shape (n, dimension).

    The i-th point is the exclusive or of the direction numbers at the bits of the Gray code of i.
    Coordinates lie strictly between 0 and 1, in the middle of the interval that their bits name.
    Raises DomainError beyond 2³⁰ points or 21201 dimensions.

    Source: the direction numbers of Joe and Kuo (2008) and the scrambling of Matoušek (1998), as
    `torch.quasirandom.SobolEngine` has them.
    """
    if dimension > SobolEngine.MAXDIM or skip + n > 2**SobolEngine.MAXBIT:
        raise DomainError(
            f"a Sobol sequence has at most 2^{SobolEngine.MAXBIT} points in {SobolEngine.MAXDIM} "
            f"dimensions, got {skip + n} in {dimension}. Take `MonteCarlo`."
        )
    if dimension == 0:
        return torch.empty((n, 0), dtype=dtype, device=device)
    state, shift = _directions(dimension, seed, torch.device(device))
    index = torch.arange(skip, skip + n, dtype=torch.int64, device=device)
    gray = index ^ (index >> 1)
    integers = shift.expand(n, dimension)
    for bit in range((skip + n - 1).bit_length()):
        integers = integers ^ (state[:, bit] * ((gray >> bit) & 1)[:, None])
    return to_unit(integers, SobolEngine.MAXBIT, dtype)


@lru_cache(maxsize=256)
def _directions(dimension: int, seed: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The scrambled direction numbers (dimension, 30) and the shift (dimension,), as int64.

    They go to a device together, and the host does not wait for it.
    """
    engine = SobolEngine(dimension, scramble=True, seed=seed)  # type: ignore[no-untyped-call]
    both = torch.cat([engine.sobolstate, engine.shift[:, None]], dim=1)
    both = both.to(device, non_blocking=True)
    return both[:, :-1], both[:, -1]


def digits(dtype: torch.dtype) -> int:
    """How many bits a coordinate may have so that the middle of its interval is a number."""
    return min(SobolEngine.MAXBIT, -round(math.log2(torch.finfo(dtype).eps)))


def to_unit(integers: Tensor, given: int, dtype: torch.dtype) -> Tensor:
    """The middle of the interval [k, k + 1] / 2^bits, cut to the bits that the dtype can hold."""
    used = min(given, digits(dtype))
    return ((integers >> (given - used)).to(dtype) + 0.5) * 2.0**-used
