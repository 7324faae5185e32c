"""The problems that peers solve, as formulas for any array library: those of `problems/NAME.py`.

Formulas take the module to compute with, `numpy`, `torch` or `jax.numpy`, then the columns of the
points, one for each axis. Derivatives come from the peer: `d(i)` is ∂u/∂xᵢ, `d(i, j)` the second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Formula = Callable[..., Any]
"""(module, *columns) → values."""
POINTS, GENERATOR = 17711, 10946
"""Two Fibonacci numbers: the best lattice in two dimensions (Niederreiter, 1992). No two of
its points share a coordinate, so that the front of Burgers' equation is met too.
"""


def zero(xp: Any, x: Any, y: Any) -> Any:
    """Nothing, in the shape of the columns."""
    return 0 * x


@dataclass(frozen=True)
class Condition:
    """∂ᵏu/∂xᵢᵏ = `values` on the face xᵢ = `at` of the box, with i the `axis` and k the `order`."""

    axis: int
    at: float
    values: Formula = zero
    order: int = 0


@dataclass(frozen=True)
class PeerProblem:
    """residual(xp, columns, u, d) = 0 in a box, its conditions, and u = lift + factor · v, which
    obeys them for every v; `factor` is at most 1. `linear` is false where a solve has to iterate.
    """

    name: str
    axes: tuple[str, str]
    box: tuple[tuple[float, float], tuple[float, float]]
    residual: Callable[[Any, Any, Any, Callable[..., Any]], Any]
    exact: Formula
    conditions: tuple[Condition, ...]
    factor: Formula
    lift: Formula = zero
    source: Formula = zero
    linear: bool = True

    def points(self) -> np.ndarray:
        """Where errors are measured: (n, 2) of equal weight, inside of the box."""
        i = np.arange(POINTS)
        unit = (np.stack([i, i * GENERATOR % POINTS], 1) + 0.5) / POINTS
        low, high = np.array(self.box, dtype=float).T
        return low + (high - low) * unit

    def errors(self, values: np.ndarray) -> tuple[float, float]:
        """Relative errors in L² and in the maximum norm of values (n,) at those points."""
        truth = self.exact(np, *self.points().T)
        off = np.asarray(values, dtype=float).reshape(len(truth)) - truth
        largest = np.abs(off).max() / np.abs(truth).max()
        return float(np.linalg.norm(off) / np.linalg.norm(truth)), float(largest)


# ── Poisson ───────────────────────────────────────────────────────────────────────────────────────


def mode(xp: Any, x: Any, y: Any, k: float, m: float) -> Any:
    """sin kπx · sin mπy."""
    return xp.sin(k * math.pi * x) * xp.sin(m * math.pi * y)


def poisson_exact(xp: Any, x: Any, y: Any) -> Any:
    """Modes 2 and 10."""
    return mode(xp, x, y, 2, 2) + mode(xp, x, y, 10, 10) / 10


def poisson_source(xp: Any, x: Any, y: Any) -> Any:
    """Δu."""
    fine = 20 * math.pi**2 * mode(xp, x, y, 10, 10)
    return -8 * math.pi**2 * mode(xp, x, y, 2, 2) - fine


def poisson(xp: Any, columns: Any, u: Any, d: Callable[..., Any]) -> Any:
    """Δu − f."""
    return d(0, 0) + d(1, 1) - poisson_source(xp, *columns)


# ── Helmholtz ─────────────────────────────────────────────────────────────────────────────────────


def helmholtz_exact(xp: Any, x: Any, y: Any) -> Any:
    """Modes 1 and 4."""
    return mode(xp, x, y, 1, 4)


def helmholtz_source(xp: Any, x: Any, y: Any) -> Any:
    """Δu + u."""
    return (1 - 17 * math.pi**2) * mode(xp, x, y, 1, 4)


def helmholtz(xp: Any, columns: Any, u: Any, d: Callable[..., Any]) -> Any:
    """Δu + u − f."""
    return d(0, 0) + d(1, 1) + u - helmholtz_source(xp, *columns)


# ── the wave equation ─────────────────────────────────────────────────────────────────────────────


def wave_exact(xp: Any, x: Any, t: Any) -> Any:
    """Modes 1 and 4, standing."""
    slow = xp.sin(math.pi * x) * xp.cos(2 * math.pi * t)
    return slow + xp.sin(4 * math.pi * x) * xp.cos(8 * math.pi * t) / 2


def wave_shape(xp: Any, x: Any, t: Any) -> Any:
    """u at t = 0."""
    return xp.sin(math.pi * x) + xp.sin(4 * math.pi * x) / 2


def wave(xp: Any, columns: Any, u: Any, d: Callable[..., Any]) -> Any:
    """u_tt − 4 u_xx."""
    return d(1, 1) - 4 * d(0, 0)


# ── Burgers ───────────────────────────────────────────────────────────────────────────────────────

NU = 0.01 / math.pi


def burgers_exact(xp: Any, x: Any, t: Any) -> Any:
    """Cole and Hopf's integral by the trapezoidal rule, as in `problems/burgers.py`."""
    above = below = 0
    for k in range(-48, 49):
        y = math.pi * (x - xp.sqrt(4 * NU * t) * (k / 4))
        weight = xp.exp(-xp.cos(y) / (2 * math.pi * NU) - (k / 4) ** 2)
        above, below = above + xp.sin(y) * weight, below + weight
    return -above / below


def burgers_start(xp: Any, x: Any, t: Any) -> Any:
    """u at t = 0."""
    return -xp.sin(math.pi * x)


def burgers(xp: Any, columns: Any, u: Any, d: Callable[..., Any]) -> Any:
    """u_t + u u_x − ν u_xx."""
    return d(1) + u * d(0) - NU * d(0, 0)


# ── all ───────────────────────────────────────────────────────────────────────────────────────────

PROBLEMS = {
    each.name: each
    for each in (
        PeerProblem(
            name="poisson_scales",
            axes=("x", "y"),
            box=((0, 1), (0, 1)),
            residual=poisson,
            exact=poisson_exact,
            conditions=tuple(Condition(axis, at) for axis in (0, 1) for at in (0, 1)),
            factor=lambda xp, x, y: 16 * x * (1 - x) * y * (1 - y),
            source=poisson_source,
        ),
        PeerProblem(
            name="helmholtz",
            axes=("x", "y"),
            box=((-1, 1), (-1, 1)),
            residual=helmholtz,
            exact=helmholtz_exact,
            conditions=tuple(Condition(axis, at) for axis in (0, 1) for at in (-1, 1)),
            factor=lambda xp, x, y: (1 - x**2) * (1 - y**2),
            source=helmholtz_source,
        ),
        PeerProblem(
            name="wave",
            axes=("x", "t"),
            box=((0, 1), (0, 1)),
            residual=wave,
            exact=wave_exact,
            conditions=(
                Condition(0, 0),
                Condition(0, 1),
                Condition(1, 0, wave_shape),
                Condition(1, 0, order=1),
            ),
            factor=lambda xp, x, t: 4 * x * (1 - x) * t**2,
            lift=wave_shape,
        ),
        PeerProblem(
            name="burgers",
            axes=("x", "t"),
            box=((-1, 1), (0, 1)),
            residual=burgers,
            exact=burgers_exact,
            conditions=(Condition(0, -1), Condition(0, 1), Condition(1, 0, burgers_start)),
            factor=lambda xp, x, t: (1 - x**2) * t,
            lift=burgers_start,
            linear=False,
        ),
    )
}
