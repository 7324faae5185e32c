"""Two-sided bounds of the energy error of diffusion, −div(k ∇u) = f, that need no belief.

The error of an answer v is w + (u − v − w) for any w. Where w is the error that other features
find, the rest is small, and a majorant of the rest bounds the error on both sides of ‖√k ∇w‖.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from siren_pde.calculus.functions import sqrt
from siren_pde.calculus.jets import Jet, as_jet
from siren_pde.calculus.operators import div, grad
from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Expression
from siren_pde.collocation.objective import Objective
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import BoundResidual
from siren_pde.domains.base import Domain
from siren_pde.errors import ConfigError
from siren_pde.estimates.companions import Companions, size
from siren_pde.estimates.defect import corrected
from siren_pde.estimates.error_field import ErrorField
from siren_pde.estimates.estimate import MOST
from siren_pde.estimates.fluxes import better_flux
from siren_pde.estimates.integrals import Integral, integrated
from siren_pde.estimates.linearised import linearised
from siren_pde.estimates.radial import lifted_energy
from siren_pde.fields.base import Field
from siren_pde.fields.system import parts

Function = Callable[[Points], Any]

DIGITS, LOOSE = 0.01, 0.2
"""The relative errors of integrals at which their rules are no longer refined: of what the bounds
lie around, and of how far apart they are, which includes these errors.
"""
RICH, FEATURES, WIDENING = 1.5, 800, 1.3
"""Features of one more correction, beside the answer's own, and at least, and how much wider their
band is: for an answer by few features it takes less than a second, and leaves little to bound.
"""
LOOKS = 4096
"""Points at which the least and the greatest k are looked for."""


def one(p: Points) -> float:
    """k where there is none."""
    return 1.0


def zero(p: Points) -> float:
    """Boundary values where there are none."""
    return 0.0


@dataclass(frozen=True)
class Diffusion:
    """−div(k ∇u) = f in a domain, u = g on its boundary: functions of points, as jets."""

    domain: Domain
    k: Function
    source: Function
    values: Function

    def balance(self, p: Points, u: Jet) -> Any:
        """f + div(k ∇u)."""
        return div(grad(u) * self._k(p)) + self.source(p)

    def root_slope(self, p: Points, u: Jet) -> Any:
        """√k ∇u."""
        return grad(u) * sqrt(self._k(p))

    def misfit(self, p: Points, u: Jet) -> Any:
        """g − u and its gradient."""
        off = self.values(p) - u
        return [off, *grad(off)]

    def _k(self, p: Points) -> Jet:
        k: Jet = as_jet(self.k(p))
        return k

    def range(self) -> tuple[float, float]:
        """The least and the greatest k at many points."""
        p = Sobol(LOOKS)(self.domain)
        k = torch.as_tensor(self._k(p).value, dtype=torch.float64)
        return float(k.min()), float(k.max())


@dataclass(frozen=True)
class Bounds:
    """lower ≤ ‖√k ∇(u − v)‖ ≤ upper for an answer v, in L² over the domain; up to quadrature.

    `energy` is ‖√k ∇v‖ itself.
    """

    lower: float
    upper: float
    energy: float

    def __str__(self) -> str:
        return f"energy error between {self.lower:.2e} and {self.upper:.2e} of {self.energy:.3g}"


@dataclass(frozen=True, eq=False)
class Corrected:
    """An answer v and its error w: expressions of both, at points."""

    answer: Objective
    error: Field

    def of(self, expression: Callable[..., Any], p: Points) -> tuple[Tensor, Tensor]:
        """An affine expression (n, m) of v, and by how much w moves it (n, m)."""
        field = self.answer.field
        bound = BoundResidual.planned(Expression("diffusion", expression), field, p)
        return linearised(bound, field, self.error, p)


def energy_bounds(known: ErrorField, of: Diffusion) -> Bounds:
    """Bounds of the energy error of an answer to a problem of diffusion.

    The corrected answer ṽ has a residual r = f + div(k ∇ṽ) and a misfit δ = g − ṽ on the boundary.
    Its error is the sum of two parts, orthogonal in energy: one vanishes on the boundary, and is at
    most ‖z/√k‖ + C ‖r + div z‖ for any flux z; the other is k-harmonic with the values δ, and has
    at most the energy of any function with these values. C is Friedrichs' constant of the box
    around the domain over the root of the least k. The bounds are guaranteed as far as integrals,
    with their errors added, and the least and the greatest k, sought at 4096 points, are right.

    Raises ConfigError for other than one scalar unknown, where no error can be sought, for k that
    is not positive, and where δ is not zero on a boundary that no point inside sees whole.

    Source: Repin, A Posteriori Estimates for Partial Differential Equations (2008), § 3.
    """
    field = known.answer.field
    if "t" in of.domain.axes:
        raise ConfigError(
            "energy bounds are for steady problems, −div(k ∇u) = f, and this one has a time `t`. "
            "Estimate what you want of it by `solution.goal`."
        )
    if len(parts(field)) != 1:
        raise ConfigError(
            f"energy bounds are for one unknown with −div(k ∇u) = f, and this solution has "
            f"{', '.join(parts(field))}. Estimate the others by `solution.goal`."
        )
    if not known.errors:
        raise ConfigError(
            f"there are no energy bounds where no error can be found: {known.why}. Solve with "
            "`LeastSquares()`, or with more features."
        )
    least, greatest = of.range()
    if not least > 0:
        raise ConfigError(f"energy bounds need k > 0 everywhere, and its least is {least:.3g}.")
    q = max(size(field), 1)
    share = min(max(RICH, FEATURES / q), max(MOST / q, 0.1))
    rich = corrected(known.answer, Companions(share, WIDENING))
    each = [
        _bounds(Corrected(known.answer, error), of, least, greatest)
        for error in (*known.errors, rich.error)
    ]
    lower, upper = max(b.lower for b in each), min(b.upper for b in each)
    return Bounds(lower, upper, each[0].energy)


def _bounds(v: Corrected, of: Diffusion, least: float, greatest: float) -> Bounds:
    """The bounds that one correction gives, for k between `least` and `greatest`."""
    energy, moved = _norms(lambda p: _squares(*v.of(of.root_slope, p)), of.domain, DIGITS)
    constant = friedrichs(of.domain.bounds) / math.sqrt(least)

    def residual(p: Points) -> Tensor:
        return sum(v.of(of.balance, p), start=torch.zeros(()))

    def misfit(p: Points) -> Tensor:
        return sum(v.of(of.misfit, p), start=torch.zeros(()))

    flux = better_flux(v.answer, of.domain, of.k, constant=constant, residual=residual)
    inside = [_upper(n) for n in _norms(flux, of.domain, LOOSE)]
    border = lifted_energy(misfit, of.domain)
    rest = math.hypot(inside[0] + constant * inside[1], math.sqrt(greatest * border))
    low, high = max(moved[0] - moved[1], 0.0), moved[0] + moved[1]
    lower, upper = math.sqrt(low) - rest, math.sqrt(high) + rest
    return Bounds(max(lower, 0.0), upper, math.sqrt(energy[0]))


def friedrichs(bounds: Sequence[Sequence[float]]) -> float:
    """C in ‖w‖ ≤ C ‖∇w‖ for functions that vanish outside a box: 1 / (π √Σ sides⁻²)."""
    return 1 / (math.pi * math.sqrt(sum((b - a) ** -2 for a, b in zip(*bounds, strict=True))))


def _squares(*vectors: Tensor) -> Tensor:
    """The squares of the lengths of vectors (n, d) each, (n, m)."""
    return torch.stack([v.square().sum(1) for v in vectors], 1)


def _norms(
    squares: Callable[[Points], Tensor], domain: Domain, share: float
) -> list[tuple[float, float]]:
    """Integrals of squares with their errors, at most that share of them if that can be."""

    def enough(total: Integral) -> bool:
        return bool((total.errors <= share * total.values.abs()).all())

    total = integrated(squares, domain, enough=enough)
    return list(zip(total.values.tolist(), total.errors.tolist(), strict=True))


def _upper(square: tuple[float, float]) -> float:
    """The root of an integral that may be larger by its error."""
    return math.sqrt(max(square[0], 0.0) + square[1])
