"""Functions of some of a problem's coordinates: placed by name, constant along all other axes."""

import pytest
import torch

from siren_pde import (
    Ansatz,
    Box,
    Enriched,
    Mapped,
    Problem,
    Siren,
    System,
    Unknown,
    check,
    d,
    lap,
    on,
    plot,
    save,
    solve,
)
from siren_pde.calculus.derivatives import Laplace
from siren_pde.collocation.objective import objective_of
from siren_pde.collocation.sampling import in_coordinates
from siren_pde.errors import ConfigError
from siren_pde.fields.derived.composed import Chain
from siren_pde.fields.derived.projected import Projected
from siren_pde.fields.engine.plan import Plan
from siren_pde.random_features.evolution import evolution_of
from tests.typed import loaded

strip = Box(x=(0, 1), t=(0, 2))


@on(strip)
def equation(p, u, v):
    return d(u, p.t) - d(u, p.x, p.x) - v


@on(strip.at(t=0))
def start(p, u, v):
    return [u, v - 1]


def positions(n, d):
    generator = torch.Generator().manual_seed(3)
    return torch.rand((n, d), generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("names", [("t",), ("z", "x"), ("x", "y", "z")])
def test_values_are_those_of_the_network_at_its_own_coordinates(names):
    axes = ("x", "y", "z", "t")
    field = in_coordinates(Siren(len(names), width=6, depth=2, of=names), axes)
    x = positions(7, 4)
    assert isinstance(field, Projected)
    own = x[:, [axes.index(name) for name in names]]
    assert torch.equal(field(x), field.network(own))
    assert {axes[i] for i in field.constant} == set(axes) - set(names)


def test_a_laplacian_stays_one_channel_of_its_own_axes():
    field = Projected(Siren(3, width=4, depth=1), (0, 1, 2), 4)
    theta = torch.cat([q.detach().flatten() for q in field.parameters()])
    whole = Plan.closing([Laplace((0, 1, 2, 3))])
    inner = field.evaluate(theta, positions(5, 4), whole).tape_as(Chain).inner
    assert Laplace((0, 1, 2)) in inner.plan.keys and (0, 0) not in inner.plan.keys
    both = Plan.closing([Laplace((0, 1)), (0, 0), (1, 1), (2, 2), Laplace((0, 1, 2))])
    at = field.evaluate(theta, positions(5, 4), both)
    parts = torch.stack([at.channels[both.index[(i, i)]] for i in range(3)])
    assert torch.allclose(both.part(at.channels, Laplace((0, 1, 2))), parts.sum(0))


@pytest.mark.parametrize(
    "field",
    [
        Siren(1, of=("t",)),
        Ansatz(Siren(1, of="t"), vanishing_on=strip.at(t=0)),
        Enriched(Siren(1, of=["t"]), lambda p: [p.t], terms=1),
        Mapped(Siren(1, of=["t"]), lambda p: [p[0] ** 2]),
        Siren(1, of=("t",)).with_random_features(5, torch.ones(1), 0),
    ],
    ids=lambda field: type(field).__name__,
)
def test_networks_inside_other_fields_are_placed(field):
    objective = objective_of(Problem(equation, start), System(u=Siren(2), v=field))
    (network,) = [n for name, n in objective.field.networks().items() if name == "v"]
    assert network.inputs == 2 and network.constant == (0,)


def test_a_field_of_all_coordinates_is_left_alone():
    field = System(u=Siren(2), v=Siren(2, of=("x", "t")))
    assert in_coordinates(field, ("x", "t")) is field


def test_what_is_constant_in_time_is_not_marched():
    problem = Problem(equation, start)
    for axis, marched in {"t": True, "x": False}.items():
        objective = objective_of(problem, System(u=Siren(2), v=Siren(1, of=(axis,))))
        assert (evolution_of(objective) is not None) == marched


def test_a_function_of_fewer_coordinates_is_kept_in_files_and_drawn(tmp_path):
    fields = System(u=Siren(2), v=Siren(1, of=("t",)))
    solution = solve(Problem(equation, start), fields, quiet=True)
    path = tmp_path / "a.h5"
    save(solution, path)
    again, x = loaded(path, solution.problem), positions(4, 2)
    assert torch.equal(again.evaluate(lambda p, v: v, x), solution.evaluate(lambda p, v: v, x))
    rate = solution.evaluate(lambda p, v: d(v, p.x), x)
    assert torch.equal(rate, torch.zeros(4, dtype=torch.float64))
    plot(again, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size


def test_an_unknown_on_a_face_alone_is_drawn(tmp_path):
    @on(strip.at(x=1))
    def tank(p, v):
        return d(v, p.t) + v

    @on(strip.at(x=1, t=0))
    def full(p, v):
        return v - 1

    @on(strip)
    def poisson(p, u):
        return lap(u, p.x, p.t)

    @on(strip.boundary)
    def held(p, u):
        return u - p.x * p.t

    fields = System(u=Siren(2), v=Siren(1, of=("t",)))
    problem = Problem(tank, full, poisson, held)
    assert not [f for f in check(problem, fields) if f.severity.name == "error"]
    solution = solve(problem, fields, quiet=True)
    plot(solution, tmp_path / "a.png")
    known = torch.exp(torch.tensor(-1.0).double())
    value = solution.evaluate(lambda p, v: v, [[0.3, 1.0]])[0]
    assert value == pytest.approx(float(known), rel=1e-9)


@pytest.mark.parametrize("names", [("t", "x"), (), ("t", 1)])
def test_each_input_has_a_name(names):
    with pytest.raises(ConfigError, match=r'of=\("t",\)'):
        Siren(1, of=names)
    with pytest.raises(ConfigError, match="of has one name"):
        Siren(2, of=("t", "t"))


def test_names_are_those_of_the_problem():
    fields = System(u=Siren(2), v=Siren(1, of=("s",)), nu=Unknown(1.0))
    with pytest.raises(ConfigError, match=r"function of s, but .* x, t"):
        objective_of(Problem(equation, start), fields)
    with pytest.raises(ConfigError, match=r"Siren\(1, of=\('x',\)\)"):
        objective_of(Problem(equation, start), System(u=Siren(2), v=Siren(1)))
    with pytest.raises(ConfigError, match="as many of 2"):
        Projected(Siren(1), (2,), 2)
