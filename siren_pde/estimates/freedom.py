"""How freely an answer moves under its conditions: whether they determine it at all, and stably.

The largest ‖e‖ / ‖F'(u) e‖ over smooth e: where a change as large as the answer changes no
residual, the problem is under-determined; where it changes them by next to nothing, ill-posed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.collocation.collocated import Rows
from siren_pde.collocation.expression import Expression
from siren_pde.collocation.objective import Objective
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import BoundResidual
from siren_pde.estimates.companions import Companions, size
from siren_pde.estimates.defect import balance, fresh, points_for, thinned
from siren_pde.estimates.linearised import error_rows
from siren_pde.fields.base import Field
from siren_pde.fields.system import parts
from siren_pde.problem import Condition

PROBES = 300
"""Features in all: null spaces of differential operators hold smooth functions."""
SMOOTH = 0.5
"""Their band beside that of the answer."""
VALUES = 600
"""Points at which the size of a change is measured."""
CONSTANT = 1e-9
"""A constant that changes residuals by less than this is free."""


FREE, EXACTLY = 5e3, 1e9
"""Changes that are so many times larger than the residuals they cause are suspect; beyond the
second, they are free to rounding.
"""
WIDER, GROWING = 1.5, 3.0
"""Near a resonance few changes are nearly free, in any band. Where wider bands hold more of them,
so many times freer, the problem is ill-posed.
"""


@dataclass(frozen=True)
class Freedom:
    """How much larger than the residuals changes can be: the freest, and the next.

    `unknown` is what the freest changes most. `constants` are the unknowns that are determined up
    to a constant, which does not count.
    """

    amplification: float
    second: float
    unknown: str
    constants: tuple[str, ...]


def undetermined(answer: Objective) -> Freedom | None:
    """The freedom that the conditions of an answer leave, None if they determine it."""
    first = freedom(answer)
    measured = any(rows.points.data for rows in answer.collocated.rows)
    if first.amplification < (EXACTLY if measured else FREE):
        return None
    wider = freedom(answer, widening=WIDER)
    if wider.amplification > EXACTLY:
        return wider
    grown = wider.amplification / first.amplification, wider.second / max(first.second, 1.0)
    return wider if max(grown) > GROWING else None


def freedom(answer: Objective, *, widening: float = 1.0) -> Freedom:
    """The freest smooth change of an answer, to first order, in a band `widening` times as wide."""
    share = widening * PROBES / max(size(answer.field), 1)
    features = Companions(share, widening * SMOOTH).of(answer)
    q = size(features)
    at = fresh(answer, points_for(answer, features), 4)
    rows = []
    for r in thinned(at.collocated, 4 * q, 0).rows:
        matrix = error_rows(at, features, r)[1]
        rows.append(matrix * balance(matrix))
    blocks = _values(answer, features)
    a, phi = torch.cat(rows), torch.cat(list(blocks.values()))
    constants = []
    for name, block in blocks.items():
        one = _constant(blocks, name, phi)
        if one is not None and float((a @ one).norm()) < CONSTANT * float(a.norm()):
            constants.append(name)
            a = torch.cat([a, block.mean(0, keepdim=True) * len(block) ** 0.5])
    small = torch.finfo(a.dtype).eps * float(a.norm())
    upper = torch.linalg.qr(torch.cat([a, small * torch.eye(q, dtype=a.dtype)]), mode="r").R
    sizes = torch.linalg.qr(phi, mode="r").R
    ratios = torch.linalg.solve_triangular(upper.T, sizes.T, upper=False).T
    if not bool(torch.isfinite(ratios).all()):
        return Freedom(math.inf, math.inf, "", tuple(constants))
    _, sigma, right = torch.linalg.svd(ratios)
    d = torch.linalg.solve_triangular(upper, right[0][:, None], upper=True)[:, 0]
    moved = {name: float((block @ d).norm()) for name, block in blocks.items()}
    scale = (len(a) / len(phi)) ** 0.5
    first, second = float(sigma[0]) * scale, float(sigma[min(1, len(sigma) - 1)]) * scale
    return Freedom(first, second, max(moved, key=lambda n: moved[n]), tuple(constants))


def _values(answer: Objective, features: Field) -> dict[str, Tensor]:
    """By how much each unknown is moved at points of its domain, columns of mean square one."""
    like, problem, each = answer.parameters, answer.collocated.problem, {}
    for name in parts(answer.field):
        domain = problem.home(name, parts(answer.field))
        p = Sobol(VALUES)(domain, seed=1, dtype=like.dtype, device=like.device)
        expression = Expression(name, lambda p, unknown: unknown, (name,))
        bound = BoundResidual.planned(expression, answer.field, p)
        rows = Rows(Condition(expression.function, domain), bound, p, torch.ones_like(p.weights))
        matrix = error_rows(answer, features, rows)[1]
        each[name] = matrix * balance(matrix)
    return each


def _constant(blocks: dict[str, Tensor], name: str, phi: Tensor) -> Tensor | None:
    """The coefficients that move one unknown by a constant and no other; None if none do."""
    wanted = torch.cat([torch.full_like(b[:, 0], float(n == name)) for n, b in blocks.items()])
    d = torch.linalg.lstsq(phi, wanted[:, None], driver="gelsd").solution[:, 0]
    close = float((phi @ d - wanted).norm()) < CONSTANT * float(wanted.norm())
    return d if close else None
