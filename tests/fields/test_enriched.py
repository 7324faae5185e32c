"""Given functions beside a network: what they are, how they are found, and how they are kept."""

import pytest
import torch

from siren_pde import Box, Enriched, Problem, Siren, System, lap, log, on, solve
from siren_pde.calculus.derivatives import Laplace
from siren_pde.errors import ConfigError, StorageError
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.enriched import Beside
from siren_pde.testing.networks import Nested
from tests.typed import loaded

square = Box(x=(0, 1), y=(0, 1))


def singular(p):
    x, y = p
    return log(x**2 + y**2), (x**2 + y**2) ** 0.25


def draw(*shape, seed=0):
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def close(a, b):
    assert a.shape == b.shape
    assert (a - b).abs().max() <= 1e-10 * b.abs().max().clamp_min(1.0)


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("required", [{()}, {(0,), (1,)}, {Laplace((0, 1))}, {(0, 1)}])
def test_constants_beside_a_network_equal_torch_func(depth, required):
    field = Beside(Siren(2, width=7, depth=depth, frequency=2.0), 3)
    field.numbers.data = draw(3)
    theta = torch.cat([q.detach().flatten() for q in field.parameters()])
    x, plan, generic = draw(5, 2), Plan.closing(required), Nested(field)
    a, b = field.evaluate(theta, x, plan), generic.evaluate(theta, x, plan)
    close(a.channels, b.channels)
    seeds, direction = draw(*a.channels.shape, seed=1), draw(len(theta), seed=2)
    close(field.vjp(theta, a, seeds), generic.vjp(theta, b, seeds))
    close(field.jacobian_rows(theta, a, seeds), generic.jacobian_rows(theta, b, seeds))
    close(field.jvp(theta, a, direction), generic.jvp(theta, b, direction))
    last = field.jacobian_rows(theta, a, seeds)[:, -field.output_size :]
    close(field.output_jacobian_rows(theta, field.evaluate_output(theta, x, plan), seeds), last)


@pytest.mark.parametrize("system", [False, True])
def test_a_singular_solution_is_found_and_kept(tmp_path, system):
    """log r and √r in the corner of a square, where sines converge slowly."""

    def exact(p):
        s = singular(p)
        return {"u": 2 * s[0] - s[1] + p.x} if system else 2 * s[0] - s[1] + p.x

    @on(square)
    def poisson(p, u):
        return (lap(u) + (p.x**2 + p.y**2) ** -0.75 / 4) * (p.x**2 + p.y**2)

    @on(square.boundary)
    def dirichlet(p, u):
        return u - (exact(p)["u"] if system else exact(p))

    alone = Enriched(Siren(2), singular, terms=2)
    field = System(u=alone) if system else alone
    problem = Problem(poisson, dirichlet, exact=exact)
    solution = solve(problem, field, quiet=True)
    assert solution.error() < 1e-9
    solution.save(tmp_path / "a.h5")
    assert loaded(tmp_path / "a.h5", problem, field=field).error() == solution.error()
    with pytest.raises(StorageError, match="Python functions"):
        loaded(tmp_path / "a.h5")


def test_what_cannot_be_enriched_is_refused():
    with pytest.raises(ConfigError, match="one output"):
        Enriched(Siren(2, 2), singular, terms=2)
    with pytest.raises(ConfigError, match="at least one term"):
        Enriched(Siren(2), singular, terms=0)
    three = Enriched(Siren(2), singular, terms=3)

    @on(square)
    def wrong(p, u):
        return u

    with pytest.raises(ConfigError, match="terms=2"):
        solve(Problem(wrong), three, quiet=True)
