"""Regularisers: what a distance function obeys where nothing was measured, as residuals.

Half the mean square of each, which a loss takes, is the mean that its docstring states; absolute
values are smoothed below `SMOOTH`, as `robust` does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, is_dataclass
from typing import ClassVar, final

from siren_pde.calculus.functions import exp, sqrt
from siren_pde.calculus.jets import Jet
from siren_pde.calculus.operators import grad, hess, lap, norm
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.numerics.checked import require_numbers
from siren_pde.problem import Weight

SMOOTH = 1e-2
"""Absolute values below are smoothed."""


def robust(error: Jet, scale: float) -> Jet:
    """A residual whose square is a smoothed absolute value: r² = 2 (√(e² + δ²) − δ).

    Errors below δ = `scale` count by their square, larger ones by their size, so that a few wrong
    pseudo-distances do not outvote many right ones.
    """
    return error * sqrt(2 / (scale + sqrt(error * error + scale * scale)))


class Regulariser(ABC):
    """A residual of φ alone, with its weight, which may be a `Schedule`.

    Lengths are those of coordinates in which the padded box fits into [−1, 1]³.
    """

    weight: Weight
    near: ClassVar[bool] = False
    """Whether it is required around the surface only, or in the whole padded box."""

    def __post_init__(self) -> None:
        """Check the numbers of a dataclass. Raises ConfigError unless all are positive."""
        if is_dataclass(self):
            require_numbers(self)

    @abstractmethod
    def __call__(self, p: Points, u: Jet) -> Jet | Vector:
        """The residual at points p of the function u."""


@final
@dataclass(frozen=True)
class Eikonal(Regulariser):
    """| |∇φ| − 1 |: a distance grows by one per length (Sitzmann et al., NeurIPS 2020, eq. 6)."""

    weight: Weight = 0.1

    def __call__(self, p: Points, u: Jet) -> Jet | Vector:
        """The residual at p."""
        return robust(norm(grad(u)) - 1, SMOOTH)


@final
@dataclass(frozen=True)
class Viscosity(Regulariser):
    """| |∇φ| − 1 − ε Δφ |: of the functions with |∇φ| = 1, the distance is the limit for ε → 0.

    Source: ViscoReg (arXiv:2507.00412, 2025).
    """

    weight: Weight = 0.1
    epsilon: float = 1e-2

    def __call__(self, p: Points, u: Jet) -> Jet | Vector:
        """The residual at p."""
        return robust(norm(grad(u)) - 1 - self.epsilon * lap(u), SMOOTH)


@final
@dataclass(frozen=True)
class Heat(Regulariser):
    """½ e^(−2λ|φ|) (|∇φ|² + 1): heat that leaves the surface dies out over 1/λ.

    With φ = 0 on the surface it is least near the distance, as 1/λ goes to zero.
    Source: HotSpot (Wang et al., CVPR 2025).
    """

    weight: Weight = 0.1
    rate: float = 15.0

    def __call__(self, p: Points, u: Jet) -> Jet | Vector:
        """The residual at p."""
        left = exp(-self.rate * abs(u))
        return Vector([left, *left * grad(u)])


@final
@dataclass(frozen=True)
class SingularHessian(Regulariser):
    """|det ∇²φ|: along its gradient a distance is straight, so its Hessian is singular.

    Source: Neural-Singular-Hessian (Wang et al., ACM TOG 42, 2023).
    """

    weight: Weight = 1e-4
    near: ClassVar[bool] = True

    def __call__(self, p: Points, u: Jet) -> Jet | Vector:
        """The residual at p."""
        (a, b, c), (_, d, e), (_, _, f) = hess(u)
        return robust(a * (d * f - e * e) - b * (b * f - c * e) + c * (b * e - c * d), SMOOTH)


@final
@dataclass(frozen=True)
class Area(Regulariser):
    """e^(−α|φ|), whose integral is about 2/α times the area of the zero set: none without points.

    Source: SIREN (Sitzmann et al., NeurIPS 2020, §4.2), there with α = 100.
    """

    weight: Weight = 0.1
    sharpness: float = 100.0

    def __call__(self, p: Points, u: Jet) -> Jet | Vector:
        """The residual at p."""
        return 2**0.5 * exp(-self.sharpness / 2 * abs(u))
