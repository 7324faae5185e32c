"""Corners that point inward are found whatever a domain is made of."""

import pytest
import torch

from siren_pde import Ball, Box, Polygon, Problem, Siren, lap, on
from siren_pde.collocation.collocated import Collocated
from siren_pde.local_features.reentrant import reentrant_corners

STEP = Polygon([[0, 1], [2, 1], [2, 0], [12, 0], [12, 2], [0, 2]])
ELL = Box(x=(-1, 1), y=(-1, 1)) - Box(x=(0, 1), y=(-1, 0))
BLOCK = Box(x=(-1, 1), y=(-1, 1)) - Box(x=(-0.25, 0.25), y=(-0.5, 0.5))
SQUARE = Box(x=(0, 1), y=(0, 1))


@pytest.mark.parametrize(
    ("domain", "corners"),
    [
        (STEP, [[2.0, 1.0]]),
        (ELL, [[0.0, 0.0]]),
        (BLOCK, [[-0.25, -0.5], [-0.25, 0.5], [0.25, -0.5], [0.25, 0.5]]),
        (SQUARE, []),
        (SQUARE - Ball(x=0.5, y=0.5, radius=0.2), []),
    ],
    ids=["step", "L", "block", "square", "hole"],
)
def test_corners_that_point_inward_are_found(domain, corners):
    @on(domain)
    def laplace(p, u):
        return lap(u)

    @on(domain.boundary)
    def walls(p, u):
        return u

    at = reentrant_corners(Collocated.planned(Problem(laplace, walls), Siren(2)))
    expected = torch.tensor(sorted(corners), dtype=torch.float64).view(-1, 2)
    assert torch.allclose(torch.tensor(sorted(at.tolist())).view(-1, 2).double(), expected)


def test_in_space_there_are_none():
    cube = Box(x=(0, 1), y=(0, 1), z=(0, 1))

    @on(cube)
    def laplace(p, u):
        return lap(u)

    assert not len(reentrant_corners(Collocated.planned(Problem(laplace), Siren(3))))
