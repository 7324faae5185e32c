"""A problem on a tree of boxes: which boxes have waves, where its conditions hold."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.objective import Objective
from siren_pde.fields.base import Field, Network
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.powers import Powers
from siren_pde.local_features.assembly import Assembly, Equation
from siren_pde.local_features.columns import Columns
from siren_pde.local_features.faces import Incidence
from siren_pde.local_features.fluxes import Weights, energy_weights
from siren_pde.local_features.layout import Matching, matchings
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
ON_FACES = 1.02
"""Nodes of a face for each function that waves are on it."""
FEW = 4
"""Points of a box at which its coefficients are looked at."""
OTHERS = 7919
"""Conditions are drawn with seeds this far apart."""


class Waves(NamedTuple):
    """The waves of a box: how many `features`, their `band`, and the seed they are drawn with.

    Beside them, each network may have the `powers` of singular points.
    """

    features: int
    band: float
    seed: int = 0
    powers: Mapping[str, Powers] = MappingProxyType({})

    def nodes(self, d: int) -> int:
        """How many nodes along each axis of a face in d coordinates tell what the waves are there.

        Waves in a narrow band are as many polynomials: up to the degree p with (p + d over d) of
        them, and a face has (p + d − 1 over d − 1).
        """
        if d == 1:
            return 1
        degree = 0.0
        while _polynomials(degree, d) < self.features:
            degree += 0.1
        across = (ON_FACES * _polynomials(degree, d - 1)) ** (1 / (d - 1))
        return math.ceil(float(across))


def _polynomials(degree: float, d: int) -> float:
    """How many polynomials in d coordinates there are up to a degree, which may be between two."""
    return math.gamma(degree + d + 1) / (math.gamma(degree + 1) * math.gamma(d + 1))


def owners(tree: BoxTree, shares: Tensor, faces: Faces) -> Tensor:
    """The box whose waves each box has: itself, or for slivers of the domain a neighbour.

    `shares` (K,) says how much of a box is inside. A sliver goes to the neighbour across a face
    with the largest share.
    """
    owner = torch.arange(len(tree), device=shares.device)
    best = torch.zeros_like(shares)
    for one, other in ((faces.below, faces.above), (faces.above, faces.below)):
        for i, j in zip(one.tolist(), other.tolist(), strict=True):
            if 0 < shares[i] < SLIVER <= shares[j] and shares[j] > best[i]:
                best[i], owner[i] = shares[j], j
    return owner


def localised(
    objective: Objective, tree: BoxTree, owner: Tensor, waves: Waves, *, time: int | None = None
) -> Objective:
    """The objective of local features in place of networks, the same at all times if there are."""
    seeds = itertools.count(waves.seed)
    names = {id(network): name for name, network in objective.field.networks().items()}

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
            constant=() if time is None else (time,),
            seed=next(seeds),
            powers=waves.powers.get(names.get(id(network), "")),
        )

    return replace(objective, field=objective.field.rebuilt(change))


def assembled(
    objective: Objective,
    tree: BoxTree,
    waves: Waves,
    *,
    seed: int = 0,
    background: Field | None = None,
    parents: Tensor | None = None,
    time: int | None = None,
) -> tuple[Assembly, Objective]:
    """The problem's equations and faces on the boxes, and its objective for their waves, which are
    added to those of a background in the boxes that are their `parents` (K,).

    If there is a `time`, an axis along which no box is cut, waves are the same at all times.
    """
    equations, owner, shares = _equations(objective, tree, waves, seed, None, time=time)
    local = localised(objective, tree, owner, waves, time=time)
    columns, used = Columns(local.field, background, parents), shares > 0
    given = (objective.collocated, columns.local, tree, owner)
    incidences: list[Incidence] = []
    matched = matchings(*given, used=used, n=waves.nodes(_axes(tree, time)), time=time)
    weights = _weights(matched, equations, len(tree), tree.low.shape[1])
    for matching in matched:
        first = sum(incidence.traces for incidence in incidences)
        incidences.append(
            Incidence.of(matching, columns, boxes=len(tree), first=first, weights=weights)
        )
    whole, processes = shares > WHOLE, objective.collocated.processes
    return Assembly(columns, equations, incidences, whole, weights, processes), local


def _weights(matched: list[Matching], equations: list[Equation], k: int, d: int) -> Weights:
    """What outputs whose fluxes have coefficients that jump count in each of k boxes."""
    fluxes = {matching.axis: matching.fluxes for matching in matched if matching.fluxes}
    if not fluxes:
        return {}
    inside = [e.located for e in equations if e.rows.condition.domain.dimension == d]
    few = [Located.of(each.points, each.boxes, k, FEW) for each in inside]
    x, boxes = (
        torch.cat(column)
        for column in zip(*[(e.points.positions, e.boxes) for e in few], strict=True)
    )
    return energy_weights(list(fluxes.items()), x, boxes, k)


def redrawn(assembly: Assembly, objective: Objective, waves: Waves, *, seed: int) -> Assembly:
    """The same boxes, waves and faces, with the equations at other points."""
    net = next(iter(assembly.columns.local.values()))
    time = next(iter(net.constant), None)
    equations, _, _ = _equations(objective, net.tree, waves, seed, net.owner, time=time)
    return replace(assembly, equations=equations)


def _axes(tree: BoxTree, time: int | None) -> int:
    """How many coordinates boxes are cut across."""
    return tree.low.shape[1] - (time is not None)


def _equations(
    objective: Objective,
    tree: BoxTree,
    waves: Waves,
    seed: int,
    owner: Tensor | None,
    *,
    time: int | None,
) -> tuple[list[Equation], Tensor, Tensor]:
    """Conditions at points in the boxes, the owner (K,) of each, and how much of it is inside."""
    collocated, (k, d) = objective.collocated, tree.low.shape
    each = int(OVERSAMPLING * waves.features)
    seeds = {r.condition.name: seed + OTHERS * i for i, r in enumerate(collocated.rows)}
    drawn = {
        r.condition.name: interior_points(
            r.condition.domain, tree, each=each, seed=seeds[r.condition.name]
        )
        for r in collocated.rows
        if r.condition.domain.dimension == d
    }
    shares = torch.stack([share for _, _, share in drawn.values()]).sum(0)
    owner = owners(tree, shares, tree.faces()) if owner is None else owner
    axes = _axes(tree, time)
    on_surface, equations = target_on_surface(waves.features, axes), []
    for rows in collocated.rows:
        name, domain = rows.condition.name, rows.condition.domain
        if name in drawn:
            points, boxes, _ = drawn[name]
            boxes, nominal, most = owner[boxes], each, None
        else:
            cell = max(on_surface // 2 ** (axes - 1), 4)
            points = surface_points(domain, tree, each=cell, seed=seeds[name])
            boxes = owner[tree.locate(points.positions)]
            boxes = nearest_with(boxes, points, tree, shares, owner)
            nominal, most = on_surface, None if domain.is_data else 2 * on_surface
        located = Located.of(points, boxes, k, most)
        equations.append(Equation(rows, located, nominal, collocated.weights[name]))
    return equations, owner, shares


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
