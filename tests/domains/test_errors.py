"""Domains that cannot be are refused, with what to write instead."""

import math
from typing import Any, cast

import pytest
import torch

from siren_pde.collocation.quadrature import Sobol
from siren_pde.domains.ball import Ball, Sphere
from siren_pde.domains.booleans import Union
from siren_pde.domains.box import Box
from siren_pde.domains.cloud import PointCloud
from siren_pde.domains.polygon import Polygon
from siren_pde.errors import DomainError


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: Box(t=(1, 1)),
            r"`Box` needs low < high on every axis, got t=\(1, 1\)\. "
            r"For a single instant use `box\.at\(t=1\)`\.",
        ),
        (lambda: Box(x=(2, 1)), r"Write x=\(1, 2\)"),
        (lambda: Box(x=(float("nan"), 1)), "finite bounds"),
        (lambda: Box(x=(0, math.inf)), "finite bounds"),
        (lambda: Box(x=cast(Any, 3)), "two numbers"),
        (lambda: Box(), "at least one"),
        (lambda: Box(normal=(0, 1)), "`normal` cannot name"),
        (lambda: Box(x=(0, 1)).at(t=0), r"`at` names `t`.*coordinates x"),
        (lambda: Box(x=(0, 1)).at(x=2), "from 0 to 1"),
        (lambda: Box(x=(0, 1)).at(x=float("nan")), "from 0 to 1"),
        (lambda: Box(x=(0, 1)).at(), "value of a coordinate"),
        (lambda: Box(x=(0, 1)).at(x=0).boundary, "is a point"),
        (lambda: (Ball(x=0, radius=1) * Box(t=(0, 1))).at(x=0), "`at` takes coordinates of a box"),
        (lambda: (Ball(x=0, radius=1) * Box(t=(0, 1))).at(t=2), "from 0 to 1"),
        (lambda: (Ball(x=0, radius=1) * Box(t=(0, 1))).at(y=0), "has x, t; got y"),
        (lambda: (Ball(x=0, radius=1) * Box(t=(0, 1))).at(), "got none"),
        (lambda: Ball(x=0, radius=1).at(x=0), "`at` takes coordinates of a box"),
        (lambda: Box.around(Box(x=(0, 1)), margin=-1), "margin"),
        (lambda: Ball(x=0, radius=0), "radius > 0"),
        (lambda: Ball(x=0, radius=float("nan")), "radius > 0"),
        (lambda: Ball(x=float("nan")), "finite centre"),
        (lambda: Ball(), "centre"),
        (lambda: Sphere(Ball(x=0)), "two points"),
        (lambda: Ball(x=0, y=0).boundary.boundary, "closed surface"),
        (lambda: Polygon([(0, 0), (1, 0)]), "three vertices"),
        (lambda: Polygon([(0, 0), (1, 0), (0, math.nan)]), "finite vertices"),
        (lambda: Polygon([(0, 0), (1, 0), cast(Any, 2)]), "pairs of numbers"),
        (lambda: Polygon([(0, 0), (1, 0), (0, 1)], axes=("x",)), "two coordinates"),
        (lambda: Polygon([(0, 0), (1, 0), (2, 0)]), "sides 1 and 2"),
        (lambda: Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "sides 0 and 2"),
        (lambda: Polygon([(0, 0), (2, 0), (2, 2), (1, 0), (0, 2)]), "sides 0 and 2"),
        (lambda: Polygon([(0, 0), (1, 0), (0, 1), (0, 0)]), "the first one again"),
        (lambda: Polygon([(0, 0), (1, 0), (0, 1)]).sides[0].boundary, "no domain of their own"),
        (lambda: Box(x=(0, 1)) * Box(x=(0, 1)), "both .* have x"),
        (lambda: Box(x=(0, 1)) | Box(y=(0, 1)), "same coordinates"),
        (lambda: Box(x=(0, 1)) & Ball(y=0), "same coordinates"),
        (lambda: Box(x=(0, 1)) - Ball(y=0), "same coordinates"),
        (lambda: PointCloud([1.0]) & Ball(y=0), "same coordinates"),
        (lambda: Box(x=(0, 1)) | Box(x=(0, 1)).at(x=0), "one dimension"),
        (lambda: Box(x=(0, 1)) & Box(x=(2, 3)), "do not meet"),
        (lambda: Box(x=(0, 1), y=(0, 1)) & Box(x=(1, 3), y=(0, 1)), "do not meet"),
        (lambda: Box(x=(0, 1)) - Box(x=(-1, 3)), "nothing is left"),
        (lambda: Union(()), "at least one part"),
        (lambda: PointCloud([1.0]).boundary, "no boundary"),
        (lambda: (Ball(x=0, y=0).boundary & Box(x=(0, 1), y=(0, 1))).boundary, "dimension 1 in 2"),
        (lambda: Box(x=(0, 1)).contains(torch.zeros(3)), r"\(n, 1\), got \(3,\)"),
    ],
)
def test_what_cannot_be_is_refused(make, words):
    with pytest.raises(DomainError, match=words):
        make()


def test_an_empty_intersection_is_found_with_few_points(monkeypatch):
    """A long box past a disc: no certificate tells that they do not meet, points do."""
    corner, counts = Ball(x=0, y=0) & Box(x=(0.75, 3), y=(0.75, 0.8)), []
    contains = Ball.contains

    def counting(ball, x, *tolerance):
        counts.append(len(x))
        return contains(ball, x, *tolerance)

    monkeypatch.setattr(Ball, "contains", counting)
    with pytest.raises(DomainError, match="empty"):
        Sobol(100)(corner)
    assert 0 < sum(counts) <= 2**20
