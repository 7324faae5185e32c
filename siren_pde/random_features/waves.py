"""Functions of space for a march in time: sines and cosines of a lattice of waves, and one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Alpha, Key, Laplace
from siren_pde.fields.base import Network
from siren_pde.fields.derived.projected import Projected
from siren_pde.fields.siren import Siren

EXTENDED = 2.0
"""The length of a lattice's period beside an axis that is not periodic: functions go on smoothly
into the rest, as Fourier extensions do.
"""


@dataclass(frozen=True, eq=False)
class Waves:
    """One, then cos θ and sin θ of all θ = k · (x − centre), for wavevectors k (P, d).

    They are ordered by size, so that fewer waves are the first of more. `levels` (P,) says how far
    out each is, as a share of the highest.
    """

    vectors: Tensor
    centre: Tensor
    levels: Tensor
    tables: dict[tuple[int, Alpha], tuple[Tensor, Tensor]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """q, how many functions there are."""
        return 1 + 2 * len(self.vectors)

    def values(self, x: Tensor, alpha: Alpha = ()) -> Tensor:
        """The derivatives ∂^alpha of all functions at x (n, d): (n, q)."""
        known = self.tables.get((id(x), alpha))
        if known is not None:
            return known[1]
        angles = (x - self.centre) @ self.vectors.T + len(alpha) * math.pi / 2
        factor = self.vectors[:, list(alpha)].prod(1) if alpha else 1.0
        one = torch.zeros_like(x[:, :1]) if alpha else torch.ones_like(x[:, :1])
        table = torch.cat([one, factor * torch.cos(angles), factor * torch.sin(angles)], 1)
        self.tables[id(x), alpha] = (x, table)  # x is held, lest another one gets its number
        return table

    def moved(self, c: Tensor, other: Waves) -> Tensor:
        """Coefficients (…, q) for the waves of `other`, whose first are these, or the reverse."""
        p, new = len(self.vectors), len(other.vectors)
        one, cosines, sines = c[..., :1], c[..., 1 : 1 + p], c[..., 1 + p :]
        if new <= p:
            return torch.cat([one, cosines[..., :new], sines[..., :new]], -1)
        more = c.new_zeros((*c.shape[:-1], new - p))
        return torch.cat([one, cosines, more, sines, more], -1)


def waves_of(network: Network, sides: Sequence[tuple[float, float]], time: int, top: int) -> Waves:
    """The waves of a network up to `top` multiples along each axis of space that it varies along.

    Raises TypeError for networks whose features are no plain sines.
    """
    inner, columns = plain(network)
    periods = dict(zip(columns, inner.period or (None,) * len(columns), strict=True))
    axes = [i for i in columns if i != time]
    pitch = [2 * math.pi / (periods[i] or EXTENDED * (sides[i][1] - sides[i][0])) for i in axes]
    modes = _half_lattice(len(axes), top)
    vectors = torch.zeros((len(modes), len(sides)), dtype=torch.float64)
    for column, (axis, step) in enumerate(zip(axes, pitch, strict=True)):
        vectors[:, axis] = step * torch.from_numpy(modes[:, column]).double()
    centre = torch.tensor([(a + b) / 2 for a, b in sides], dtype=torch.float64)
    levels = torch.from_numpy(np.abs(modes).max(1, initial=0) / max(top, 1)).double()
    return Waves(vectors, centre, levels)


def plain(network: Network) -> tuple[Siren, tuple[int, ...]]:
    """The sine network that a network is, and the axes that it takes; TypeError for others."""
    if isinstance(network, Projected) and isinstance(network.network, Siren):
        return network.network, network.columns
    if isinstance(network, Siren):
        return network, tuple(range(network.inputs))
    raise TypeError(f"a march by lines has waves in place of a `Siren`, got {type(network)}.")


def _half_lattice(d: int, top: int) -> np.ndarray:
    """All integer vectors up to `top` but zero (P, d), of ±m one, by size."""
    if not d:
        return np.zeros((0, 0))
    grid = np.array(list(itertools.product(range(-top, top + 1), repeat=d)))
    half = grid[len(grid) // 2 + 1 :]
    return half[np.argsort(np.abs(half).max(1), kind="stable")]


def terms_of(key: Key, time: int) -> Iterator[tuple[int, Alpha]]:
    """The derivatives whose sum a key is, as an order in time and a derivative in space."""
    for alpha in [(i, i) for i in key.axes] if isinstance(key, Laplace) else [key]:
        yield alpha.count(time), tuple(i for i in alpha if i != time)
