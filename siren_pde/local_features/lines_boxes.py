"""The boxes of a march by the method of lines: those to begin with, and smaller ones."""

from __future__ import annotations

from torch import Tensor

from siren_pde.collocation.objective import Objective
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.parameters import with_parameters
from siren_pde.local_features.adaptation import axes_to_cut, cut, marked
from siren_pde.local_features.discretised import Waves
from siren_pde.local_features.jumps import bounds, planes
from siren_pde.local_features.lines_space import Space
from siren_pde.local_features.suited import evenly, unfit
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.optimisers.base import Residuals
from siren_pde.random_features.evolution import Evolution, evolution_of

SUITED = {1: Waves(24, 4.0), 2: Waves(100, 4.0), 3: Waves(200, 3.5)}
"""Waves of a box and their band, by coordinates of space, as `LocalFeatures` has them."""
BOXES = {1: 8, 2: 16, 3: 8}
"""Boxes to begin with, at least."""


def unsuited_lines(objective: Residuals) -> str:
    """Why a march on boxes does not suit a problem; nothing if it does."""
    if not isinstance(objective, Objective):
        return "needs the residuals of a problem for a field"
    d = len(objective.collocated.problem.axes)
    if d - 1 not in SUITED:
        return f"has boxes in one to {max(SUITED)} coordinates of space, got {d - 1}"
    if evolution_of(objective) is None:
        return "needs initial conditions, and others for all times"
    return unfit(objective, constants=False)


def first_boxes(whole: Objective, time: Evolution) -> BoxTree:
    """A few boxes with sides of nearly one length, cut where coefficients jump in space."""
    low, high = bounds(whole.collocated)
    jumps = [[] if i == time.axis else at for i, at in enumerate(planes(whole.collocated))]
    tree, _ = BoxTree.around(low, high).cut_at(jumps)
    space = [i for i in range(len(low)) if i != time.axis]
    return evenly(tree, BOXES[len(space)], space)


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
