"""What is wanted of an answer: integrals, means, fluxes, values at points, each with its error bar.

J(u) = ∫ g(p, u) is off by J'(u) e, to first order, where e is the error of u.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Expression
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import BoundResidual
from siren_pde.domains.base import Domain
from siren_pde.errors import ConfigError
from siren_pde.estimates.error_field import ErrorField
from siren_pde.estimates.integrals import Integral, integrated
from siren_pde.estimates.linearised import linearised
from siren_pde.fields.base import Field
from siren_pde.fields.parameters import parameters_of, with_parameters
from siren_pde.problem import Problem

SHARE = 0.02
"""A rule whose error is that small a part of the bar does not change its digits."""
LOOKS, NEAR = 64, 1e-6
"""Points of a domain that are looked for in those of the problem, up to that part of its size."""
UNKNOWN = 1e-4
"""What stands in for the bar where there is none, beside the integral of the absolute value."""


@dataclass(frozen=True)
class Goal:
    """A number computed from an answer, with its error bar.

    `value` is J(u), in the units of the integral, and `error` its bar: |J'(u) e|, plus how far that
    is from what other features say, plus the error `quadrature` of the rule, plus the `rounding` of
    the answer's own sums. `correction` is J'(u) e with its sign: `value + correction` is nearer
    the truth. `beta` says how much of the residual e does not explain. Where `why` is not empty,
    there is no bar: it says why, and `error` and `correction` are `nan`.
    """

    value: float
    error: float
    correction: float
    quadrature: float
    beta: float
    why: str = ""
    rounding: float = 0.0

    @property
    def reliable(self) -> bool:
        """Whether there is a bar at all."""
        return not self.why

    @property
    def interval(self) -> tuple[float, float]:
        """Where the truth lies, most likely: within 1.5 bars, or two for large β; nan without."""
        reach = (1.5 + max(self.beta, 0.0)) * self.error
        return self.value - reach, self.value + reach

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        if not self.reliable:
            return f"{self.value:.6g} (no error bar: {self.why})"
        digits = max(_order(self.value) - _order(self.error) + 2, 1)
        return f"{self.value:.{min(digits, 16)}g} ± {self.error:.1e}"


def _order(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0


def goal(
    known: ErrorField, expression: Callable[..., object], over: Domain, *, mean: bool = False
) -> Goal:
    """∫ g(p, u) over a domain, divided by its measure if `mean`; over a cloud always the mean.

    Raises ConfigError for a domain in other coordinates or outside of those of the problem, and for
    an expression that is no scalar.
    """
    answer, field = known.answer, known.answer.field
    axes = answer.collocated.problem.axes
    if over.axes != axes:
        raise ConfigError(
            f"a goal of a solution in {', '.join(axes)} is taken over a domain in these "
            f"coordinates, got {', '.join(over.axes)}. A face of a box keeps all of its axes: "
            "`box.at(t=1)`; one point is `PointCloud([[…]], axes=…)`."
        )
    _require_inside(answer.collocated.problem, over)
    wanted = Expression.of(expression)
    like = over.sample_point() if over.data_points is None else over.data_points
    bound = BoundResidual.planned(wanted, field, like)
    if bound.components != 1:
        raise ConfigError(
            f"a goal is one number, but `{wanted.name}` has {bound.components} components. Take "
            "one of them, as `v[0]`, or `dot(v, p.normal)` for a flux."
        )
    errors = () if known.why else known.errors
    rounded = _rounded(field)

    def values(p: Points) -> Tensor:
        here = bound.at(field, p)
        moves = [linearised(bound, field, error, p)[1] for error in errors]
        return torch.cat([here, *moves, bound.at(rounded, p) - here], dim=1)

    total = integrated(values, over, enough=_enough, cuts=known.cuts)
    per = over.measure if mean and over.data_points is None else 1.0
    value, quadrature = float(total.values[0]) / per, float(total.errors[0]) / per
    if known.why:
        return Goal(value, math.nan, math.nan, quadrature, known.beta, known.why)
    *_, rounding = (total.values / per).abs().tolist()
    moves = total.values[1:-1] / per
    correction, spread = float(moves.mean()), float(moves.max() - moves.min()) / 2
    bar = abs(correction) + spread + quadrature + rounding
    if not math.isfinite(bar):
        return Goal(value, math.nan, math.nan, quadrature, known.beta, "the error is not finite")
    return Goal(value, bar, correction, quadrature, known.beta, rounding=rounding)


def _rounded(field: Field) -> Field:
    """The field with each parameter a rounding unit larger or smaller, at random: as far as it is
    away, sums of many large terms that cancel are not known.
    """
    theta = parameters_of(field)
    generator = torch.Generator().manual_seed(0)
    signs = 2 * torch.randint(0, 2, theta.shape, generator=generator).to(theta) - 1
    return with_parameters(field, theta + torch.finfo(theta.dtype).eps / 2 * signs * theta)


def _require_inside(problem: Problem, over: Domain) -> None:
    """Raise ConfigError where a goal is taken over places that no equation has seen."""
    domains = [c.domain for c in problem.conditions if not c.domain.is_data]
    if not domains:
        return
    p = Sobol(LOOKS)(over)
    reach = NEAR * max(b - a for a, b in zip(*problem.bounds, strict=True))
    x = p.positions.to(torch.float64).cpu()
    seen = torch.stack([domain.contains(x, reach) for domain in domains]).any(0)
    if not bool(seen.all()):
        place = ", ".join(f"{value:g}" for value in x[~seen][0].tolist())
        raise ConfigError(
            f"a goal is taken where the problem is stated, and {over!r} has points outside of all "
            f"its domains, such as ({place}). Take a domain inside."
        )


def _enough(total: Integral) -> bool:
    """Whether the rule's error is small beside the bar, or rounding."""
    quadrature, size = float(total.errors[0]), float(total.sizes[0])
    moves = total.values[1:-1].abs()
    move = float(moves.max()) if len(moves) else UNKNOWN * size
    return quadrature <= SHARE * move or quadrature <= 1e-14 * size
