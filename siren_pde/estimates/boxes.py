"""The error of an answer on boxes: what other waves in the same boxes make of its residual, and in
smaller ones where much of it is left.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from siren_pde.collocation.objective import Objective
from siren_pde.estimates.defect import FRESH, Correction
from siren_pde.fields.base import Network
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.parameters import with_parameters
from siren_pde.fields.system import Unknown
from siren_pde.local_features.adaptation import corners, cut, graded, marked
from siren_pde.local_features.assembly import Assembly
from siren_pde.local_features.discretised import Waves, assembled, redrawn
from siren_pde.local_features.newton import minimised
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.random_features.evolution import evolution_of

WIDER = 1.15
"""How much wider the band of the other waves is, at least: errors are rougher than answers."""
MORE = {False: 1.0, True: 1.6}
"""How many other waves there are for each of the answer's, and if it is a careful estimate."""
ROUGH = 1e-4
"""An answer that leaves more than this beside the zero field may lack smaller boxes, not waves."""
HALVED = {1: 1.0, 2: 0.34, 3: 0.0}
"""This share of the boxes is halved then, and no more, by dimension: their number doubles at most.
In space, twice as many take four times the seconds and more memory than the answer did.
"""
MANY = 20_000
"""With more unknowns than this only the box with most of it is halved: the rest takes too long."""
DEEPER = 3
"""And those at the point that has most of it so many times more, as a corner would need."""


def on_boxes(answer: Objective) -> LocalSines | None:
    """A network of the answer that is on boxes, if there is one; all have the same."""
    nets = answer.field.networks().values()
    return next((net for net in nets if isinstance(net, LocalSines)), None)


def corrected_on_boxes(answer: Objective, net: LocalSines, *, careful: bool) -> Correction:
    """The error of an answer as a field on its boxes, or on parts of them, continuous where the
    answer is not.
    """
    waves, without = _others(answer, net, MORE[careful]), _without(answer)
    seed, tree, parents = FRESH + answer.seed, net.tree, None
    assembly, local = assembled(without, tree, waves, seed=seed, background=answer.field)
    zero = local.parameters
    scaled = assembly.scaled(zero)
    if HALVED[net.inputs] > 0 and _relative(scaled, zero) > ROUGH:
        tree, parents = _refined(scaled, zero, tree)
        assembly, local = assembled(
            without, tree, waves, seed=seed, background=answer.field, parents=parents
        )
        zero = local.parameters
    theta = minimised(assembly, tree, zero, affine=True).theta
    judged = redrawn(assembly, without, waves, seed=3 * FRESH + answer.seed).scaled(zero)
    fitted = assembly.scaled(zero)
    before, after = (float(fitted.squares(at).sum()) for at in (zero, theta))
    held, left = (float(judged.squares(at).sum()) for at in (zero, theta))
    error = with_parameters(local.field, theta)
    return Correction(error, _root(after, before), _root(left, held))


def left_on_boxes(answer: Objective, net: LocalSines) -> float:
    """What an answer leaves at fresh points of its boxes and on their faces, beside what nothing
    does; every box is as important as every other.
    """
    waves = _others(answer, net, 1.0)
    seed = FRESH + answer.seed
    assembly, local = assembled(
        _without(answer), net.tree, waves, seed=seed, background=answer.field
    )
    return _relative(assembly.scaled(local.parameters), local.parameters)


def left_in_time(answer: Objective) -> float:
    """The same for an answer on boxes of space and time, whose residuals are carried on, so that
    errors are larger; nothing for others.
    """
    if (net := on_boxes(answer)) is None or evolution_of(answer) is None:
        return 0.0
    return left_on_boxes(answer, net)


def _others(answer: Objective, net: LocalSines, more: float) -> Waves:
    """Waves that the boxes do not have."""
    networks = answer.field.networks().items()
    powers = {name: each.powers for name, each in networks if isinstance(each, LocalSines)}
    return Waves(round(more * net.sines), WIDER * net.band, FRESH, powers)


def _without(answer: Objective) -> Objective:
    """The problem of the error, to which the answer is only the background."""
    return replace(answer, field=answer.field.rebuilt(_zero))


def _relative(assembly: Assembly, zero: Tensor) -> float:
    """What the background leaves beside what nothing does."""
    alone = replace(assembly, columns=replace(assembly.columns, background=None))
    return _root(float(assembly.squares(zero).sum()), alone.data(zero) ** 2)


def _refined(assembly: Assembly, zero: Tensor, tree: BoxTree) -> tuple[BoxTree, Tensor]:
    """The tree with the boxes halved that hold most of the residual, and the box that each new one
    comes from.
    """
    squares, d = assembly.squares(zero), tree.low.shape[1]
    most = int(HALVED[d] * len(tree)) if assembly.unknowns <= MANY else 1
    boxes = marked(squares, (2 * tree.half).prod(1), max(most, 1))
    finer, parents = cut(tree, boxes, [[*range(d)]] * len(boxes))
    worst = squares.argmax()[None]
    at = corners(tree, worst, assembly.peaks(zero)[worst])
    finer, more = graded(finer, at, DEEPER if bool(torch.isfinite(at).all()) else 0)
    return finer, parents[more]


def _zero(network: Network) -> Network:
    """A constant is not known to have an error, which is added to none."""
    return Unknown(0.0) if isinstance(network, Unknown) else network


def _root(after: float, before: float) -> float:
    return math.sqrt(after / before) if before > 0 else 0.0
