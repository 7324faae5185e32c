"""Crowded points integrate as others do, and lie on all scales around a place."""

import math

import pytest
import torch

from siren_pde import Ball, Box, Problem, Siren, Sobol, on
from siren_pde.collocation.grading import SCALES, graded
from siren_pde.collocation.objective import objective_of
from siren_pde.errors import ConfigError
from tests.strategies import ALL_DOMAINS

ell = Box(x=(-1, 1), y=(-1, 1)) - Box(x=(0, 1), y=(-1, 0))
corner = (0.0, 0.0)


@pytest.mark.parametrize(("name", "domain"), ALL_DOMAINS)
def test_crowded_points_integrate_over_the_same_domain(name, domain):
    plain = Sobol(8192)(domain)
    place = tuple(plain.positions[len(plain) // 2].tolist())
    p = graded(plain, domain, place)
    assert bool(domain.contains(p.positions, tolerance=1e-9).all())
    assert p.weights.sum().item() == pytest.approx(domain.measure, rel=1e-12)
    assert bool((p.weights > 0).all())
    low, high = (p.positions.new_tensor(corner) for corner in domain.bounds)
    for power in (1, 2):
        one, other = (
            (((q.positions - low) ** power) * q.weights[:, None]).sum(0) for q in (p, plain)
        )
        assert bool(((one - other).abs() <= 0.02 * domain.measure * (high - low) ** power).all())


@pytest.mark.parametrize("domain", [ell, ell.boundary])
def test_every_scale_has_its_share(domain):
    p = graded(Sobol(4096)(domain), domain, corner)
    r = torch.linalg.vector_norm(p.positions, dim=1)
    for k in range(1, SCALES):
        within = int(((r > 0.5**k) & (r <= 0.5 ** (k - 1))).sum())
        assert within > 0.1 * len(p) / SCALES, k


def test_singular_functions_are_integrated():
    """∫ r^{−4/3} over the unit disc is 3π, of which a third lies within r = 1/√27."""
    disc = Ball(x=0, y=0)
    p = graded(Sobol(4096)(disc), disc, corner)
    r = torch.linalg.vector_norm(p.positions, dim=1)
    assert (r ** (-4 / 3) * p.weights).sum().item() == pytest.approx(3 * math.pi, rel=0.01)


def test_conditions_say_where_points_crowd():
    @on(ell, refine_towards=corner)
    def near(p, u):
        return u

    @on(ell)
    def anywhere(p, u):
        return u - 1

    objective = objective_of(Problem(near, anywhere), Siren(2), rule=Sobol(512))
    close = [int((s.points.positions.abs() < 0.02).all(1).sum()) for s in objective.collocated.rows]
    assert close[0] > 100 and close[1] < 10
    assert all(abs(float(s.scale.square().sum()) - 1) < 1e-12 for s in objective.collocated.rows)
    with pytest.raises(ConfigError, match="x, y"):
        on(ell, refine_towards=(0.0,))
