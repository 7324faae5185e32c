"""A problem on a tree of boxes: which boxes have waves, where its conditions hold."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.objective import Objective
from siren_pde.fields.base import Network
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.parameters import parameters_of
from siren_pde.local_features.assembly import Assembly, Equation
from siren_pde.local_features.columns import Columns
from siren_pde.local_features.faces import Incidence
from siren_pde.local_features.layout import matchings
from siren_pde.local_features.points import (
    Located,
    interior_points,
    surface_points,
    target_on_surface,
)
from siren_pde.numerics.box_tree import BoxTree, Faces

OVERSAMPLING = 2.0
"""Rows of an equation in a box, for each of its waves."""
SLIVER = 0.02
"""Boxes with a smaller share of the domain have no waves of their own."""
WHOLE = 0.999
"""Boxes with a larger share are wholly inside."""
OTHERS = 7919
"""Conditions are drawn with seeds this far apart."""


class Waves(NamedTuple):
    """The waves of a box: how many `features`, their `band`, and the `nodes` of a face."""

    features: int
    band: float
    nodes: int


def owners(tree: BoxTree, shares: Tensor, faces: Faces) -> Tensor:
    """The box whose waves each box has: itself, or for slivers of the domain a neighbour.

    `shares` (K,) says how much of a box is inside. A sliver goes to the neighbour across a face
    with the largest share.
    """
    owner = torch.arange(len(tree))
    best = torch.zeros_like(shares)
    for one, other in ((faces.below, faces.above), (faces.above, faces.below)):
        for i, j in zip(one.tolist(), other.tolist(), strict=True):
            if 0 < shares[i] < SLIVER <= shares[j] and shares[j] > best[i]:
                best[i], owner[i] = shares[j], j
    return owner


def localised(objective: Objective, tree: BoxTree, owner: Tensor, waves: Waves) -> Objective:
    """The objective of local features in place of networks."""
    seeds = iter(range(objective.seed, objective.seed + 1000))

    def change(network: Network) -> Network:
        if not network.inputs:
            return network
        return LocalSines(
            tree,
            network.outputs,
            features=waves.features,
            band=waves.band,
            owner=owner,
            period=network.period,
            of=network.of,
            seed=next(seeds),
        )

    return replace(objective, field=objective.field.rebuilt(change))


def assembled(
    objective: Objective, tree: BoxTree, waves: Waves, *, seed: int = 0
) -> tuple[Assembly, Objective]:
    """The problem's equations on the boxes."""
    collocated, k = objective.collocated, len(tree)
    d = len(collocated.problem.axes)
    each = int(OVERSAMPLING * waves.features)
    inner = [r for r in collocated.rows if r.condition.domain.dimension == d]
    drawn = {}
    for i, rows in enumerate(inner):
        drawn[rows.condition.name] = interior_points(
            rows.condition.domain, tree, each=each, seed=seed + OTHERS * i
        )
    counts = torch.stack([share for _, _, share in drawn.values()]).sum(0)
    owner = owners(tree, counts, tree.faces(()))
    local = localised(objective, tree, owner, waves)
    on_surface, equations = target_on_surface(waves.features, d), []
    for i, rows in enumerate(collocated.rows):
        name, domain = rows.condition.name, rows.condition.domain
        if name in drawn:
            points, boxes, _ = drawn[name]
            boxes, nominal, most = owner[boxes], each, None
        else:
            cell = max(on_surface // 2 ** (d - 1), 4)
            points = surface_points(domain, tree, each=cell, seed=seed + OTHERS * i)
            boxes = owner[tree.locate(points.positions)]
            boxes = nearest_with(boxes, points, tree, counts, owner)
            nominal, most = on_surface, None if domain.is_data else 2 * on_surface
        located = Located.of(points, boxes, k, most)
        weight = collocated.weights[name]
        equations.append(Equation(rows, located, nominal, weight))
    columns = Columns(local.field)
    incidences: list[Incidence] = []
    for matching in matchings(
        collocated, columns.local, tree, owner, used=counts > 0, n=waves.nodes
    ):
        first = sum(incidence.traces for incidence in incidences)
        incidences.append(Incidence.of(matching, columns, boxes=k, first=first))
    return Assembly(columns, equations, incidences, counts > WHOLE), local


def nearest_with(
    boxes: Tensor, points: Points, tree: BoxTree, counts: Tensor, owner: Tensor
) -> Tensor:
    """The boxes of points; where a box has nothing of the domain, the nearest one that has."""
    lost = (counts[boxes] == 0).nonzero()[:, 0]
    if not len(lost):
        return boxes
    present = (counts > 0).nonzero()[:, 0]
    boxes = boxes.clone()
    for piece in torch.split(lost, max(1, (1 << 22) // len(present))):
        x = points.positions[piece][:, None]
        outside = torch.maximum(tree.low[present] - x, x - tree.high[present]).clamp_min(0)
        boxes[piece] = owner[present[outside.square().sum(2).argmin(1)]]
    return boxes


def start(local: Objective) -> Tensor:
    """θ of the zero field; constants as they are."""
    return parameters_of(local.field)
