"""The boxes that a problem is first solved on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from siren_pde.collocation.collocated import Collocated
from siren_pde.fields.powers import Powers
from siren_pde.local_features.adaptation import graded, separated
from siren_pde.local_features.jumps import bounds
from siren_pde.local_features.reentrant import reentrant_corners
from siren_pde.local_features.suited import evenly
from siren_pde.numerics.box_tree import BoxTree

FIRST = {1: 4, 2: 16, 3: 8}
"""Boxes to begin with, at least."""
INWARD = 3
"""Boxes at corners that point inward are halved so many times to begin with."""


def first_boxes(
    collocated: Collocated, jumps: Sequence[Sequence[float]], powers: Mapping[str, Powers]
) -> BoxTree:
    """A few boxes with sides of nearly one length, cut where coefficients jump, each with one
    singular point at most, smaller at corners that point inward.
    """
    low, high = bounds(collocated)
    tree, _ = BoxTree.around(low, high).cut_at(jumps)
    tree = evenly(tree, FIRST[len(low)], range(len(low)))
    for each in powers.values():
        tree = separated(tree, each.points)
    inward = reentrant_corners(collocated)
    return graded(tree, inward, INWARD)[0] if len(inward) else tree
