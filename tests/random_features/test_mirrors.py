"""Problems that mirrors leave as they are get even fields, others do not."""

import math

import pytest
import torch

from siren_pde import Ball, Box, Problem, Siren, Sobol, cos, d, dot, exp, grad, lap, on, solve
from siren_pde.collocation.frequencies import box
from siren_pde.collocation.objective import objective_of
from siren_pde.fields.derived.mirrored import Mirror, Mirrored
from siren_pde.random_features.mirrors import between_mirrors
from tests.typed import loaded

DISC, TIME = Ball(x=0.5, y=-1, radius=0.7), Box(t=(0, 2))


def evolution(slope=0.0, wind=0.0, piece=None):
    """Heat in a disc, with sources that are even but for a slope, and a wind along x."""

    @on(DISC * TIME)
    def heat(p, u):
        source = exp(-((p.x - 0.5) ** 2) - (p.y + 1) ** 2) + slope * p.y
        return d(u, p.t) - lap(u, p.x, p.y) + wind * d(u, p.x) - source

    @on(piece or DISC.boundary * TIME)
    def rim(p, u):
        return dot(grad(u), p.normal) + u if piece is None else u

    @on(DISC * TIME.at(t=0))
    def start(p, u):
        return u - cos(p.x - 0.5)

    return Problem(heat, rim, start)


def axes_of(problem, field):
    objective = objective_of(problem, field, rule=Sobol(64))
    low, high = box(objective.collocated)
    scaled = field.scaled_to(low, high, torch.ones_like(low))
    changed = between_mirrors(objective_of(problem, scaled, rule=Sobol(64))).field
    return [mirror.axis for mirror in changed.mirrors] if isinstance(changed, Mirrored) else []


HALF = (DISC.boundary & Box(x=(0.5, 2), y=(-2, 0))) * TIME


@pytest.mark.parametrize(
    ("problem", "field", "even"),
    [
        (evolution(), Siren(3), [0, 1]),
        (evolution(slope=1e-3), Siren(3), [0]),
        (evolution(wind=1e-3), Siren(3), [1]),
        (evolution(piece=HALF), Siren(3), [1]),
        (evolution(), Siren(3, period=(None, None, 2.0)), []),
        (evolution(), Siren(3, centre=(0.1, 0.2, 0.3)), [0, 1]),
    ],
)
def test_mirrors_are_found_where_domains_and_residuals_are_even(problem, field, even):
    assert axes_of(problem, field) == even


def test_fields_between_mirrors_are_even_and_stored(tmp_path):
    n = 4
    ball = Ball(**{f"x{i}": 0.1 * i for i in range(n)}, radius=1.0)

    def exact(p):
        return exp(-sum((x - 0.1 * i) ** 2 for i, x in enumerate(p)) / 2)

    @on(ball)
    def screened(p, u):
        square = sum((x - 0.1 * i) ** 2 for i, x in enumerate(p))
        return lap(u) - u - (square - n - 1) * exact(p)

    @on(ball.boundary)
    def rim(p, u):
        return u - exact(p)

    solution = solve(Problem(screened, rim, exact=exact), quiet=True, estimate="none")
    assert isinstance(solution.field, Mirrored) and solution.error() < 1e-7
    x = torch.tensor([[0.1, 0.3, -0.2, 0.5]], dtype=torch.float64)
    other = x.clone()
    other[0, 1] = 2 * 0.1 - 0.3
    assert torch.allclose(solution(x), solution(other), rtol=0, atol=1e-14)
    solution.save(tmp_path / "even.h5")
    assert torch.equal(loaded(tmp_path / "even.h5")(x), solution(x))


def test_the_box_is_folded_onto_itself():
    field = Mirrored(Siren(2), [Mirror(1, 3.0, 2.0)])
    x = torch.tensor([[0.3, 1.0], [0.3, 3.0], [0.3, 5.0], [0.3, 3 + math.sqrt(2)]]).double()
    ends = torch.stack([torch.as_tensor(c.part(())) for c in field.coordinates(x)], 1)
    assert torch.allclose(ends[:, 1], torch.tensor([5.0, 1.0, 5.0, 3.0]).double())
    assert torch.equal(ends[:, 0], x[:, 0])
