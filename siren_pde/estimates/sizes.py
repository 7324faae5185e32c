"""How large an error is: its L² norm beside that of the unknown, over where that lives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from siren_pde.calculus.points import Points
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.expression import Expression, Plans
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import BoundResidual
from siren_pde.estimates.linearised import linearised
from siren_pde.fields.base import Field
from siren_pde.fields.system import parts
from siren_pde.problem import Problem

POINTS = 1024
"""Points of the integrals: an estimate needs one digit, and an answer is costly to evaluate."""
SEED = 54321
"""The seed of those points, which no method takes."""


@dataclass(frozen=True)
class Size:
    """Squares of the L² norms of an error and of the unknown it has been added to."""

    error: float
    unknown: float

    def __add__(self, other: Size) -> Size:
        return Size(self.error + other.error, self.unknown + other.unknown)

    @property
    def relative(self) -> float:
        """The relative L² error."""
        if self.unknown:
            return math.sqrt(self.error / self.unknown)
        return math.inf if self.error else 0.0


def sizes(
    problem: Problem,
    field: Field,
    error: Field,
    *,
    n: int = POINTS,
    move: Callable[[Points], Points] | None = None,
    rows: Sequence[Rows] = (),
) -> dict[str, Size]:
    """The sizes of all unknowns, at n points of their domains, moved by `move` if it is given.

    Where the conditions `rows` take nothing but derivatives of an unknown, as of a pressure, its
    mean is neither error nor size.
    """
    like, measured = next(field.parameters()), {}
    for name in parts(field):
        domain = problem.home(name, parts(field))
        p = Sobol(n)(domain, seed=SEED, dtype=like.dtype, device=like.device)
        p = p if move is None else move(p)
        unknown = Expression(name, lambda p, unknown: unknown, (name,))
        bound = BoundResidual.planned(unknown, field, p)
        u, e = linearised(bound, field, error, p)
        w = p.weights[:, None]
        if rows and not any(_takes_value(r, bound.plans) for r in rows):
            u, e = (v - (w * v).sum(0) / w.sum() for v in (u, e))
        measured[name] = Size(_square(w, e), _square(w, u + e))
    return measured


def _takes_value(rows: Rows, plans: Plans) -> bool:
    """Whether a condition takes the value, channel 0, of one of the networks of `plans`."""
    networks = {site.network for site in plans}
    own = rows.residual.plans.items()
    return any(0 in plan.required for site, plan in own if site.network in networks)


def _square(w: torch.Tensor, v: torch.Tensor) -> float:
    """∫ v², without the underflow of squares."""
    largest = float(v.abs().max())
    if not largest or not math.isfinite(largest):
        return largest
    return float((w * (v / largest) ** 2).sum()) * largest**2
