"""Functions of space for a march in time: sines and cosines of a lattice of waves, and one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.linalg
import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Alpha, Key, Laplace
from siren_pde.errors import NonFiniteError
from siren_pde.fields.base import Network
from siren_pde.fields.derived.projected import Projected
from siren_pde.fields.siren import Siren

EXTENDED = 2.0
"""The length of a lattice's period beside an axis that is not periodic: functions go on smoothly
into the rest, as Fourier extensions do.
"""


@dataclass(frozen=True, eq=False)
class Waves:
    """One, then cos θ and sin θ of all θ = k · (x − centre), for wavevectors k (P, d); or, where
    these are nearly dependent, the combinations `mixing` (1 + 2 P, q) of them that are not.
    """

    vectors: Tensor
    centre: Tensor
    mixing: Tensor | None = None
    tables: dict[tuple[int, Alpha], tuple[Tensor, Tensor]] = field(
        default_factory=dict, metadata={"stored": False}
    )

    @property
    def count(self) -> int:
        """q, how many functions there are."""
        return 1 + 2 * len(self.vectors) if self.mixing is None else self.mixing.shape[1]

    def values(self, x: Tensor, alpha: Alpha = ()) -> Tensor:
        """The derivatives ∂^alpha of all functions at x (n, d): (n, q)."""
        known = self.tables.get((id(x), alpha))
        if known is not None:
            return known[1]
        angles = (x - self.centre) @ self.vectors.T + len(alpha) * math.pi / 2
        factor = self.vectors[:, list(alpha)].prod(1) if alpha else 1.0
        one = torch.zeros_like(x[:, :1]) if alpha else torch.ones_like(x[:, :1])
        table = torch.cat([one, factor * torch.cos(angles), factor * torch.sin(angles)], 1)
        if self.mixing is not None:
            table = table @ self.mixing
        self.tables[id(x), alpha] = (x, table)  # x is held, lest another one gets its number
        return table

    def unmixed(self, c: Tensor) -> Tensor:
        """Coefficients (…, 1 + 2 P) of the waves themselves."""
        return c if self.mixing is None else c @ self.mixing.T

    def mixed(self, x: Tensor, least: float) -> Waves:
        """Combinations that are orthonormal in the mean over x (n, d), as many as are larger there
        than a share `least` of the largest.
        """
        table = Waves(self.vectors, self.centre).values(x) / math.sqrt(len(x))
        _, sizes, directions = _svd(table)
        kept = sizes > least * sizes[0]
        return Waves(self.vectors, self.centre, directions[kept].T / sizes[kept])


def waves_of(
    network: Network, sides: Sequence[tuple[float, float]], time: int, tops: Sequence[int]
) -> Waves:
    """The waves of a network up to `tops` multiples along the axes of space that it varies along.

    Raises TypeError for networks whose features are no plain sines.
    """
    inner, columns = plain(network)
    periods = dict(zip(columns, inner.period or (None,) * len(columns), strict=True))
    axes = [i for i in columns if i != time]
    pitch = [2 * math.pi / (periods[i] or EXTENDED * (sides[i][1] - sides[i][0])) for i in axes]
    modes = _half_lattice([tops[i] for i in axes])
    vectors = torch.zeros((len(modes), len(sides)), dtype=torch.float64)
    for column, (axis, step) in enumerate(zip(axes, pitch, strict=True)):
        vectors[:, axis] = step * torch.from_numpy(modes[:, column]).double()
    centre = torch.tensor([(a + b) / 2 for a, b in sides], dtype=torch.float64)
    return Waves(vectors, centre)


def extended(network: Network, time: int) -> bool:
    """Whether the waves of a network have a longer period than its domain along some axis."""
    inner, columns = plain(network)
    periods = inner.period or (None,) * len(columns)
    return any(length is None and i != time for i, length in zip(columns, periods, strict=True))


def _svd(a: Tensor) -> tuple[Tensor, ...]:
    """The thin singular value decomposition, also where the faster algorithm does not converge."""
    for driver in ("gesdd", "gesvd"):
        try:
            parts = scipy.linalg.svd(a.numpy(), full_matrices=False, lapack_driver=driver)
            return tuple(map(torch.from_numpy, parts))
        except scipy.linalg.LinAlgError:
            continue
    raise NonFiniteError("functions of space are not finite at some places.")


def plain(network: Network) -> tuple[Siren, tuple[int, ...]]:
    """The sine network that a network is, and the axes that it takes; TypeError for others."""
    if isinstance(network, Projected) and isinstance(network.network, Siren):
        return network.network, network.columns
    if isinstance(network, Siren):
        return network, tuple(range(network.inputs))
    raise TypeError(f"a march by lines has waves in place of a `Siren`, got {type(network)}.")


def _half_lattice(tops: Sequence[int]) -> np.ndarray:
    """All integer vectors up to `tops` but zero (P, d), of ±m one, by size."""
    if not any(tops):
        return np.zeros((0, len(tops)))
    grid = np.array(list(itertools.product(*(range(-top, top + 1) for top in tops))))
    half = grid[len(grid) // 2 + 1 :]
    return half[np.argsort(np.abs(half / np.maximum(tops, 1)).max(1), kind="stable")]


def terms_of(key: Key, time: int) -> Iterator[tuple[int, Alpha]]:
    """The derivatives whose sum a key is, as an order in time and a derivative in space."""
    for alpha in [(i, i) for i in key.axes] if isinstance(key, Laplace) else [key]:
        yield alpha.count(time), tuple(i for i in alpha if i != time)
