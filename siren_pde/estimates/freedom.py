"""How freely an answer moves under its conditions: whether they determine it at all, and stably.

The largest ‖e‖ / ‖F'(u) e‖ over smooth e: where a change as large as the answer changes no
residual, the problem is under-determined; where it changes them by next to nothing, ill-posed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.expression import Expression
from siren_pde.collocation.objective import Objective
from siren_pde.collocation.quadrature import Sobol
from siren_pde.collocation.residual import BoundResidual
from siren_pde.estimates.companions import APART, Companions, has_band, size
from siren_pde.estimates.defect import balance, fresh, points_for, thinned
from siren_pde.estimates.linearised import error_rows, values
from siren_pde.estimates.own_residuals import rms
from siren_pde.estimates.slabs import March, stretching
from siren_pde.fields.base import Field
from siren_pde.fields.system import parts
from siren_pde.numerics.least_squares import least_norm
from siren_pde.problem import Condition
from siren_pde.random_features.evolution import Evolution, Slab, Slabs, evolution_of
from siren_pde.random_features.features import half_lengths, suggested_frequencies

PROBES, DEEP = 300, 700
"""Features in all: null spaces of differential operators hold smooth functions. The second number
is that in three coordinates or more.
"""
SMOOTH = 0.5
"""Their band beside that of the answer."""
EMPTY = 1e-14
"""An unknown that is a smaller share of the largest one is taken for zero."""
CALM = 3.0
"""Radians per half-length of the box in which changes are looked for besides."""
VALUES = 600
"""Points at which the size of a change is measured."""
CONSTANT = 1e-9
"""A constant that changes residuals by less than this is free."""


FREE, EXACTLY = 5e3, 1e9
"""Changes that are so many times larger than the residuals they cause are suspect; beyond the
second, they are free to rounding.
"""
SUSPECT, MANY = 1e3, 100.0
"""Below the first, nothing is looked at further. Beyond the second, another change is free too."""
WIDER, GROWING = 1.5, 6.0
"""Near a resonance few changes are nearly free, in any band. Where wider bands hold more of them,
so many times freer, the problem is ill-posed; 1.5⁴ = 5 is what a fourth-order equation makes of a
band, whose residuals are measured beside those of its features.
"""
SLABS, TIME_BAND = 20, 3.0
"""The first slab of an evolution is one of so many, and has so many radians per half-length."""


@dataclass(frozen=True)
class Freedom:
    """How much larger than the residuals changes can be: the freest, and the next.

    `unknown` is what the freest changes most. `constants` are the unknowns that are determined up
    to a constant, which does not count unless that is `everything`.
    """

    amplification: float
    second: float
    unknown: str
    constants: tuple[str, ...]
    everything: bool = False


def undetermined(answer: Objective) -> Freedom | None:
    """The freedom that the conditions of an answer leave, None if they determine it.

    Evolutions are looked at in a short piece of time first: over a long one, solutions may grow,
    but few of them, and no more in wider bands.
    """
    evolution = evolution_of(answer)
    if evolution is None or not evolution.order:  # nothing evolves without ∂/∂t
        return _grown(*_everywhere(answer))
    march = March.of(answer.field, evolution)
    early = _grown(first_slab(answer, evolution, march))
    if early is not None or march is not None:
        return early
    return _grown(*_everywhere(answer), several=True)


def looseness(answer: Objective) -> float:
    """How many times larger than its residuals the freest change of a determined answer is.

    Near a resonance it is large, and what an estimate does not explain may be the error. Evolutions
    are not looked at: their errors grow as they are carried on.
    """
    if evolution_of(answer) is not None:
        return 0.0
    return max(freedom(view).amplification for view in _everywhere(answer))


@dataclass(frozen=True)
class View:
    """Where an answer is looked at, and which changes: features of a band times as wide.

    `move` takes points of the problem there; None where that is everywhere.
    """

    answer: Objective
    features: Callable[[float], Field]
    move: Callable[[Points], Points] | None = None


def answer_itself(answer: Objective) -> View:
    """Features like those of the answer, wherever the problem lives."""

    def features(widening: float) -> Field:
        probes = widening * _probes(answer)
        width = int(probes / max(len(answer.field.networks()), 1))
        share = probes / max(size(answer.field), 1)
        return Companions(share, widening * SMOOTH, width).of(answer)

    return View(answer, features)


def calm(answer: Objective) -> View:
    """Slow features wherever the problem lives: what is missing is free in any band."""
    half = answer.parameters.new_tensor(half_lengths(answer))
    width = _probes(answer) // max(len(answer.field.networks()), 1)

    def features(widening: float) -> Field:
        band = widening * CALM / half
        seed = answer.seed + APART
        return answer.field.with_random_features(int(widening * width), band, seed)

    return View(answer, features)


def _everywhere(answer: Objective) -> tuple[View, ...]:
    """The views of an answer as a whole."""
    itself = answer_itself(answer)
    return (calm(answer), itself) if has_band(answer.field) else (itself,)


def _probes(answer: Objective) -> int:
    return PROBES if len(answer.collocated.problem.axes) < 3 else DEEP


def first_slab(answer: Objective, evolution: Evolution, march: March | None) -> View:
    """The first slab of a march, or the one that a march would try first."""
    slabs = Slabs.of(answer, evolution)
    if march is not None:
        piece = march.pieces[0]
        slab = Slab(evolution, march.times[0], march.times[1], stretching(piece))
        drawn = slabs.slab(slab, None, count=VALUES, seed=answer.seed)
        return replace(answer_itself(replace(drawn, field=piece)), move=slab)
    end = evolution.low + (evolution.high - evolution.low) / SLABS
    slab = Slab(evolution, evolution.low, end)
    drawn = slabs.slab(slab, None, count=VALUES, seed=answer.seed)
    band = answer.parameters.new_tensor(suggested_frequencies(answer))
    band[evolution.axis] = 2 * TIME_BAND / (end - evolution.low)
    width = _probes(answer) // max(len(answer.field.networks()), 1)

    def features(widening: float) -> Field:
        wide = int(widening * width)
        return answer.field.with_random_features(wide, widening * band, answer.seed + APART)

    return View(drawn, features, slab)


def _grown(*views: View, several: bool = False) -> Freedom | None:
    """The freedom in the view that has most, None unless it is exact, or grows with the band.

    With `several`, that of the freest change alone is none.
    """
    looks = [freedom(view) for view in views]
    last = max(looks, key=lambda look: look.amplification)
    view = views[looks.index(last)]
    measured = any(rows.points.data for rows in view.answer.collocated.rows)
    if last.everything:
        return last
    if last.amplification < (EXACTLY if measured else SUSPECT):
        return None
    for power in (1, 2):
        wider = freedom(view, widening=WIDER**power)
        if wider.amplification > EXACTLY and not several:
            return wider
        grown = wider.amplification / last.amplification
        more = wider.second / max(last.second, 1.0) if wider.second > MANY else 0.0
        if wider.amplification > FREE and max(more, 0.0 if several else grown) > GROWING:
            return wider
        last = wider
    return None


def freedom(view: View, *, widening: float = 1.0) -> Freedom:
    """The freest smooth change of an answer, to first order, in a band `widening` times as wide."""
    answer, features = view.answer, view.features(widening)
    q = size(features)
    at = fresh(answer, points_for(answer, features), 4)
    columns = _own_sizes(at, features)
    rows: list[Tensor] = []
    for r in thinned(at.collocated, 4 * q, 0).rows:
        matrix = error_rows(at, features, r)[1] * columns
        components = matrix.view(-1, r.residual.components, q).unbind(1)
        rows.extend(part * balance(part) for part in components)  # each in units of its own
    blocks = _values(view, features)
    a, phi = torch.cat(rows), torch.cat(list(blocks.values()))
    constants, networks = [], answer.field.networks()
    for name, block in blocks.items():
        if name in networks and not networks[name].inputs:  # a constant has nothing else
            continue
        one = _constant(blocks, name, phi)
        if one is not None and float((a @ one).norm()) < CONSTANT * float(a.norm()):
            constants.append(name)
            a = torch.cat([a, block.mean(0, keepdim=True) * len(block) ** 0.5])
    small = torch.finfo(a.dtype).eps * float(a.norm())
    damping = small * torch.eye(q, dtype=a.dtype, device=a.device)
    upper = torch.linalg.qr(torch.cat([a, damping]), mode="r").R
    sizes = torch.linalg.qr(phi, mode="r").R
    ratios = torch.linalg.solve_triangular(upper.T, sizes.T, upper=False).T
    if not bool(torch.isfinite(ratios).all()):
        return Freedom(math.inf, math.inf, "", tuple(constants))
    _, sigma, right = torch.linalg.svd(ratios)
    d = torch.linalg.solve_triangular(upper, right[0][:, None], upper=True)[:, 0]
    moved = {name: float((block @ d).norm()) for name, block in blocks.items()}
    scale = (len(a) / len(phi)) ** 0.5
    first, second = float(sigma[0]) * scale, float(sigma[min(1, len(sigma) - 1)]) * scale
    most = max(moved, key=lambda n: moved[n])
    everything = set(constants) == set(blocks)
    return Freedom(first, second, most, tuple(constants), everything)


def _values(view: View, features: Field) -> dict[str, Tensor]:
    """By how much each unknown is moved at points of its domain, columns of mean square one."""
    answer = view.answer
    like, problem, each = answer.parameters, answer.collocated.problem, {}
    for name in parts(answer.field):
        domain = problem.home(name, parts(answer.field))
        p = Sobol(VALUES)(domain, seed=1, dtype=like.dtype, device=like.device)
        p = p if view.move is None else view.move(p)
        expression = Expression(name, lambda p, unknown: unknown, (name,))
        bound = BoundResidual.planned(expression, answer.field, p)
        rows = Rows(Condition(expression.function, domain), bound, p, torch.ones_like(p.weights))
        matrix = error_rows(answer, features, rows)[1] * _own_sizes(answer, features)
        each[name] = matrix * balance(matrix)
    return each


def _own_sizes(answer: Objective, features: Field) -> Tensor:
    """The factors (q,) that make changes of a network as large as the network is itself.

    One that is nothing beside others may change as these do, and constants that are zero by one.
    """
    sizes: dict[str, float] = {}
    for rows in answer.collocated.rows:
        some = rows.points.select(slice(0, VALUES))
        for (name, _), channels in values(rows.residual, answer.field, some).items():
            sizes[name] = max(sizes.get(name, 0.0), rms(channels[0]))
    networks = features.networks()
    largest = max((size for name, size in sizes.items() if networks[name].inputs), default=0.0)
    each = []
    for name, network in networks.items():
        own, least = sizes.get(name, 0.0), EMPTY * largest if network.inputs else 0.0
        factor = own if own > least else largest if network.inputs and largest else 1.0
        each.append(answer.parameters.new_full((network.output_size,), factor))
    return torch.cat(each)


def _constant(blocks: dict[str, Tensor], name: str, phi: Tensor) -> Tensor | None:
    """The coefficients that move one unknown by a constant and no other; None if none do."""
    wanted = torch.cat([torch.full_like(b[:, 0], float(n == name)) for n, b in blocks.items()])
    d = least_norm(phi, wanted)
    close = float((phi @ d - wanted).norm()) < CONSTANT * float(wanted.norm())
    return d if close else None
