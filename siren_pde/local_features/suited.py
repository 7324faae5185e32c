"""What problems boxes are made for, and the trees that they begin with."""

from __future__ import annotations

from collections.abc import Sequence

from siren_pde.collocation.objective import Objective
from siren_pde.fields.enriched import Beside
from siren_pde.numerics.box_tree import BoxTree

ELONGATED = 0.7
"""Boxes to begin with have sides at least this long beside their longest."""


def unfit(objective: Objective, *, constants: bool) -> str:
    """Why boxes do not suit an objective, whose unknowns may be `constants` as well; nothing if
    they do.
    """
    d, rows = len(objective.collocated.problem.axes), objective.collocated.rows
    if any(r.residual.places for r in rows):
        return "cannot take an unknown at other places than the points themselves"
    if not any(r.condition.domain.dimension == d for r in rows):
        return "needs an equation inside a domain"
    networks, inputs = objective.field.networks().values(), (0, d) if constants else (d,)
    if any(net.of or net.constant or net.inputs not in inputs for net in networks):
        return "needs unknowns that depend on all coordinates"
    if any(isinstance(net, Beside) for net in networks):
        return "takes no functions beside the waves of a box: small boxes do what `Enriched` does"
    return ""


def evenly(tree: BoxTree, count: int, axes: Sequence[int]) -> BoxTree:
    """The tree with its boxes halved across their longest sides along some axes, until there are
    so many.
    """
    while len(tree) < count:
        sides = (tree.high - tree.low)[:, list(axes)]
        long = (sides >= ELONGATED * sides.max()).tolist()
        tree, _ = tree.split(
            [[i for i, wide in zip(axes, own, strict=True) if wide] for own in long]
        )
    return tree
