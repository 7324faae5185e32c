"""The boxes of a march by the method of lines: those to begin with, and smaller ones."""

from __future__ import annotations

import torch
from torch import Tensor

from siren_pde.collocation.objective import Objective
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.parameters import with_parameters
from siren_pde.local_features.adaptation import axes_to_cut, cut, marked
from siren_pde.local_features.discretised import Waves
from siren_pde.local_features.jumps import planes
from siren_pde.local_features.lines_space import Space
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.optimisers.base import Residuals
from siren_pde.random_features.evolution import Evolution, evolution_of

SUITED = {1: Waves(24, 4.0), 2: Waves(100, 4.0), 3: Waves(200, 3.5)}
"""Waves of a box and their band, by coordinates of space, as `LocalFeatures` has them."""
BOXES = {1: 8, 2: 16, 3: 8}
"""Boxes to begin with, at least."""
ELONGATED = 0.7
"""They have sides at least this long beside their longest."""


def unsuited_lines(objective: Residuals) -> str:
    """Why a march on boxes does not suit a problem; nothing if it does."""
    if not isinstance(objective, Objective):
        return "needs the residuals of a problem for a field"
    d, rows = len(objective.collocated.problem.axes), objective.collocated.rows
    if d - 1 not in SUITED:
        return f"has boxes in one to {max(SUITED)} coordinates of space, got {d - 1}"
    if evolution_of(objective) is None:
        return "needs initial conditions, and others for all times"
    if any(r.residual.places for r in rows):
        return "cannot take an unknown at other places than the points themselves"
    if not any(r.condition.domain.dimension == d for r in rows):
        return "needs an equation inside a domain"
    networks = objective.field.networks().values()
    if any(net.of or net.constant or net.inputs != d for net in networks):
        return "needs unknowns that depend on all coordinates"
    return ""


def first_boxes(whole: Objective, time: Evolution) -> BoxTree:
    """A few boxes with sides of nearly one length, cut where coefficients jump in space."""
    low, high = (torch.tensor(b, dtype=torch.float64) for b in whole.collocated.problem.bounds)
    jumps = [[] if i == time.axis else at for i, at in enumerate(planes(whole.collocated))]
    tree, _ = BoxTree.around(low, high).cut_at(jumps)
    d = len(low)
    while len(tree) < BOXES[d - 1]:
        sides = tree.high - tree.low
        sides[:, time.axis] = 0.0
        long = (sides >= ELONGATED * sides.max()).tolist()
        tree, _ = tree.split([[i for i, wide in enumerate(own) if wide] for own in long])
    return tree


def refined(space: Space, squares: Tensor, theta: Tensor, room: int) -> BoxTree:
    """The boxes halved, in space, that hold most of some squares (K,)."""
    volumes = (space.tree.high - space.tree.low).prod(1)
    boxes = marked(squares, volumes, room)
    field = with_parameters(space.local.field, theta)
    nets = [net for net in field.networks().values() if isinstance(net, LocalSines)]
    axes = axes_to_cut(nets, boxes, space.assembly.whole[boxes])
    axes = [[i for i in own if i != space.time.axis] for own in axes]
    tree, _ = cut(space.tree, boxes, axes)
    return tree
