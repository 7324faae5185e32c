"""Problems whose conditions have numbers of points that no number of processes divides."""

from dataclasses import replace

import torch

from siren_pde import (
    Ball,
    Box,
    PointCloud,
    Problem,
    d,
    div,
    grad,
    lap,
    on,
    sin,
    sqrt,
    where,
)

SQUARE = Box(x=(0, 1), y=(0, 1)) - Ball(x=0.5, y=0.5, radius=0.2)
MEASURED = torch.rand((23, 2), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
CLOUD = PointCloud(MEASURED, axes=("x", "y"), height=MEASURED.prod(1))


@on(SQUARE)
def poisson(p, u):
    return lap(u) + sin(3 * p.x) * p.y


@on(SQUARE)
def reaction(p, u):
    return lap(u) - u**3 + sin(3 * p.x)


@on(SQUARE.boundary)
def edge(p, u):
    return u


@on(CLOUD, weight=0.1)
def data(p, u):
    return u - p.height


@on(Box(x=(0, 1), y=(0, 1)).at(x=0, y=0))
def corner(p, u):  # one point: all processes but one have none
    return d(u, p.x)


@on(Box(x=(0, 1), y=(0, 1)).at(x=0, y=0))
def undefined(p, u):
    return u + sqrt(p.x - 1)


@on(SQUARE)
def screened(p, u):
    return u - 1e-3 * lap(u) - sin(3 * p.x) * p.y


smooth = Problem(screened, data)
BOX = Box(x=(0, 1), y=(0, 1))
plain = Problem(replace(poisson, domain=BOX), replace(edge, domain=BOX.boundary))
linear = Problem(poisson, edge, data, corner)
bent = Problem(reaction, edge, data, corner)
reacting = Problem(replace(reaction, domain=BOX), replace(edge, domain=BOX.boundary))


@on(BOX.boundary)
def sloped(p, u):
    return u - p.x


rising = Problem(replace(reaction, domain=BOX), sloped)
crowded = Problem(replace(reaction, refine_towards=(0.0, 0.0)), edge, data, corner)
broken = Problem(reaction, undefined)
"""One of several processes has the point where it is not a number."""

CORNERED = Box(x=(-1, 1), y=(-1, 1)) - Box(x=(0, 1), y=(-1, 0))


@on(BOX)
def conduction(p, u):
    return div(where(p.x > 0.12, 10.0, 1.0) * grad(u)) + 1


LINE = Box(x=(0, 1))


@on(LINE)
def schroedinger(p, psi, E):
    return d(psi, p.x, p.x) / 2 + E * psi


@on(LINE.boundary)
def walls(p, psi):
    return psi


@on(PointCloud([[0.5]]))
def top(p, psi):
    return psi - 1


bracket = Problem(replace(poisson, domain=CORNERED), replace(edge, domain=CORNERED.boundary))
curved = Problem(reaction, edge)
layered = Problem(conduction, replace(edge, domain=BOX.boundary))
well = Problem(schroedinger, walls, top)
