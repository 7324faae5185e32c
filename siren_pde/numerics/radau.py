"""Radau's collocation in time: its nodes, its slopes, and how its equations decouple."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from numpy.polynomial import chebyshev, legendre
from torch import Tensor

Reals = npt.NDArray[np.float64]

POLISH = 4
"""Newton's steps to the nodes, from roots that are right to half the digits."""


@dataclass(frozen=True, eq=False)
class Radau:
    """Polynomials of degree s over one slab, given by their values at 0 and at s nodes.

    `nodes` (s,) are shares of the slab, the last is 1. `slopes` (s, s) takes the values at the
    nodes, less that at 0, to the derivatives there, and `first` (s,) to that at 0, both for a slab
    of length one. slopes = modes · diag(rates) · inverse: of conjugate pairs of `rates` one is
    kept, those with an imaginary part counting twice in `recombined`.

    Source: Hairer and Wanner, Solving Ordinary Differential Equations II, § IV.8.
    """

    nodes: Tensor
    slopes: Tensor
    first: Tensor
    rates: tuple[complex, ...]
    modes: Tensor
    inverse: Tensor

    @staticmethod
    @lru_cache(maxsize=8)
    def of(stages: int) -> Radau:
        """The collocation with an odd number of stages s, of order 2 s − 1."""
        nodes = _nodes(stages)
        every = np.concatenate([[0.0], nodes])
        full = _differentiation(every)
        slopes = full[1:, 1:]
        rates, modes = np.linalg.eig(slopes)
        keep = [k for k in range(stages) if rates[k].imag >= -1e-9 * abs(rates[k])]
        keep.sort(key=lambda k: abs(rates[k].imag))
        return Radau(
            torch.tensor(nodes),
            torch.tensor(slopes),
            torch.tensor(full[0, 1:]),
            tuple(complex(rates[k]) for k in keep),
            torch.tensor(modes[:, keep].astype(complex)),
            torch.tensor(np.linalg.inv(modes)[keep].astype(complex)),
        )

    @property
    def stages(self) -> int:
        """s."""
        return len(self.nodes)

    @property
    def rate(self) -> float:
        """The real one among the rates."""
        return self.rates[0].real

    def at(self, shares: Tensor) -> Tensor:
        """What takes values at the nodes, less that at 0, to those at other shares (k, s)."""
        every = torch.cat([self.nodes.new_zeros(1), self.nodes])
        columns = []
        for j in range(1, len(every)):
            others = torch.cat([every[:j], every[j + 1 :]])
            columns.append(((shares[:, None] - others) / (every[j] - others)).prod(1))
        return torch.stack(columns, 1)

    def decoupled(self, r: Tensor) -> Tensor:
        """Right-hand sides (k, …) of the equations for each rate, from those of the stages."""
        right: Tensor = torch.tensordot(self.inverse, r.to(self.inverse.dtype), dims=1)
        return right

    def recombined(self, parts: Tensor) -> Tensor:
        """Stages (s, …) from the solutions (k, …) for each rate."""
        twice = torch.tensor([1.0 if rate.imag < 1e-9 * abs(rate) else 2.0 for rate in self.rates])
        stages: Tensor = torch.tensordot(self.modes * twice, parts, dims=1).real
        return stages


def _nodes(stages: int) -> Reals:
    """The zeros of P_s − P_(s−1), moved to (0, 1]."""
    c = np.zeros(stages + 1)
    c[stages], c[stages - 1] = 1.0, -1.0
    x = np.sort(legendre.legroots(c).real)
    for _ in range(POLISH):
        x = x - legendre.legval(x, c) / legendre.legval(x, legendre.legder(c))
    x[-1] = 1.0
    return np.asarray((x + 1) / 2, dtype=np.float64)


def _differentiation(x: Reals) -> Reals:
    """The matrix of derivatives at x of the polynomial through values at x."""
    apart = x[:, None] - x + np.eye(len(x))
    weights = 1 / apart.prod(1)
    d = weights / weights[:, None] / apart
    np.fill_diagonal(d, 0.0)
    np.fill_diagonal(d, -d.sum(1))
    return np.asarray(d, dtype=np.float64)


# ── the same functions as sums of sines ───────────────────────────────────────────────────────

SLOW = 0.1 * 1.15 ** np.arange(20)
"""Frequencies tried: the lower, the more like polynomials, but the larger the coefficients."""
DECAYING = 3.0
"""Each degree of a smooth solution is less by this: how the errors of polynomials are weighed."""
DENSE = 80
"""Chebyshev points at which sines are fitted to polynomials."""


@dataclass(frozen=True, eq=False)
class Sines:
    """One, and sines and cosines of multiples of a low frequency, near the polynomial that has
    given values at 0 and at nodes, and derivatives at 0 and 1.

    `frequencies` (L,) are radians per half a slab; `fit` (1 + 2 L, K) makes coefficients (of one,
    all sines, all cosines about the middle) of those K data, the derivatives those in a slab of
    length one.
    """

    frequencies: tuple[float, ...]
    fit: Tensor

    @staticmethod
    @lru_cache(maxsize=16)
    def of(stages: int, derivatives: int, waves: int) -> Sines:
        """`waves` sines and cosines for the value at 0, `derivatives` of it, the values at the
        nodes, and as many derivatives at the end.
        """
        size = stages + 1 + 2 * derivatives
        frequency = min(SLOW, key=lambda w: _error(float(w), waves, size))
        polynomials = np.linalg.inv(_conditions(2 * _nodes(stages) - 1, derivatives, size))
        fit = _coefficients(float(frequency), waves, size) @ polynomials
        return Sines(tuple(float(frequency) * (k + 1) for k in range(waves)), torch.tensor(fit))


def _conditions(nodes: Reals, derivatives: int, size: int) -> Reals:
    """The data (K, K) of Chebyshev polynomials: what determines them."""
    every, ends = np.concatenate([[-1.0], nodes]), np.array([-1.0, 1.0])
    values = _chebyshev(every, size, 0)
    slopes = [2.0 ** (k + 1) * _chebyshev(ends, size, k + 1) for k in range(derivatives)]
    firsts, lasts = [each[:1] for each in slopes], [each[1:] for each in slopes]
    return np.concatenate([values[:1], *firsts, values[1:], *lasts])


def _chebyshev(tau: Reals, size: int, order: int) -> Reals:
    """The derivatives (n, size) of the first polynomials at τ."""
    one = np.eye(size)
    columns = [chebyshev.chebval(tau, chebyshev.chebder(one[p], order)) for p in range(size)]
    return np.asarray(np.stack(columns, 1), dtype=np.float64)


def _waves(tau: Reals, frequency: float, waves: int) -> Reals:
    """One, all sines and all cosines at τ (n, 1 + 2 L)."""
    angles = frequency * np.arange(1, waves + 1) * tau[:, None]
    return np.concatenate([np.ones_like(tau)[:, None], np.sin(angles), np.cos(angles)], 1)


def _coefficients(frequency: float, waves: int, size: int) -> Reals:
    """Of the waves nearest to the first polynomials."""
    tau = np.cos(np.pi * (np.arange(DENSE) + 0.5) / DENSE)
    given = _waves(tau, frequency, waves), _chebyshev(tau, size, 0)
    return np.asarray(np.linalg.lstsq(*given, rcond=1e-15)[0])


def _error(frequency: float, waves: int, size: int) -> float:
    """How far off the first polynomials are, the higher ones weighed less."""
    tau = np.linspace(-1, 1, 2 * DENSE)
    off = _waves(tau, frequency, waves) @ _coefficients(frequency, waves, size)
    off = np.abs(off - _chebyshev(tau, size, 0)).max(0)
    return float((off * DECAYING ** -np.arange(size)).max())
