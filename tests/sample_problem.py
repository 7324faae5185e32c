"""A problem in a module of its own, as users write them, with all that has to reach a process."""

import numpy as np

from siren_pde import (
    Ansatz,
    Ball,
    Box,
    PointCloud,
    Polygon,
    Problem,
    Schedule,
    Siren,
    System,
    Unknown,
    lap,
    on,
    pi,
    sin,
)
from siren_pde.images import Cosines
from siren_pde.types import Reference

SQUARE = Box(x=(0, 1), y=(0, 1))
WEIGHT = Schedule((0.5, 0), (1, 0.1))
CLOUD = PointCloud(np.eye(2), normals=np.eye(2), temperature=np.array([1.0, 2.0]))
TICKS = np.linspace(0, 1, 5)
TRUTH = Reference({"x": TICKS, "y": TICKS}, {"u": np.ones((5, 5))}, "by hand", 0.0)
DOMAINS = [
    SQUARE,
    SQUARE.boundary,
    SQUARE.at(x=0) | SQUARE.at(y=1),
    SQUARE - Ball(x=0.5, y=0.5, radius=0.25),
    Ball(x=0, y=0) * Box(t=(0, 1)),
    Polygon([(0, 0), (1, 0), (0, 1)]).boundary,
    CLOUD,
]


def exact(p):
    x, y = p
    return sin(pi * x) * sin(pi * y)


@on(SQUARE, points=64)
def poisson(p, u):
    return lap(u) + 2 * pi**2 * exact(p)


@on(SQUARE.boundary, weight=WEIGHT)
def dirichlet(p, u):
    return u


@on(CLOUD, weight=2)
def measured(p, u):
    return u - p.temperature


def plain(p, u):
    return u - 1


elsewhere = on(SQUARE.at(x=0))(plain)
problem = Problem(poisson, dirichlet, exact=exact)
with_data = Problem(poisson, measured, elsewhere, truth=TRUTH)


def lift(p):
    return p.x


FIELDS = [
    Siren(2, width=5, frequency=2.0),
    Cosines((3, 3)),
    System(u=Siren(2, width=3), nu=Unknown(0.5)),
    Ansatz(Siren(2, width=3), lift=lift, vanishing_on=SQUARE.boundary),
]
