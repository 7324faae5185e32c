"""The seam between equations and optimisation: every product agrees with autograd and finite
rows.
"""

import re

import pytest
import torch

from siren_pde import (
    Box,
    PointCloud,
    Problem,
    Siren,
    System,
    Unknown,
    Vector,
    d,
    div,
    grad,
    lap,
    log,
    norm,
    on,
    sin,
)
from siren_pde.collocation.evaluation import Limits
from siren_pde.collocation.objective import (
    evaluating,
    objective_of,
    require_finite,
    residual_and_jacobian,
)
from siren_pde.errors import (
    ConfigError,
    DomainError,
    NonFiniteError,
    ResidualError,
    SirenPDEError,
)
from siren_pde.fields.generic import Generic
from siren_pde.types import Condition

Counts = dict[Condition | str, int]
square = Box(x=(0, 1), t=(0, 2))


@on(square)
def burgers(p, u):
    x, t = p
    return d(u, t) + u * d(u, x) - 0.1 * d(u, x, x)


@on(square.at(t=0), weight=3)
def start(p, u):
    return u + sin(p.x)


@on(square)
def eikonal(p, u):
    return Vector([norm(grad(u, p.x, p.t)) - 1, lap(u) * u])


SCALAR = [burgers, start, eikonal]


@on(square)
def momentum(p, v, q, nu):
    return grad(q, p.x, p.t) + nu * v * q


@on(square.at(x=0))
def inflow(p, v):
    return div(v, p.x, p.t) - 1


def objectives():
    counts: Counts = {"burgers": 13, "start": 6, "eikonal": 9}
    scalar = Problem(*SCALAR)
    yield objective_of(
        scalar, Siren(2, width=5, depth=2, frequency=2.0), counts, limits=Limits(block=4)
    )
    module = torch.nn.Sequential(torch.nn.Linear(2, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1))
    yield objective_of(scalar, Generic(module.double(), 2), counts, limits=Limits(block=7))
    fields = System(v=Siren(2, 2, width=4), q=Siren(2, width=3, depth=1), nu=Unknown(0.3))
    fields = fields.to(torch.get_default_device())
    few: Counts = {"momentum": 11, inflow: 5}
    yield objective_of(Problem(momentum, inflow), fields, few, limits=Limits(block=6))


IDS = ["siren", "module", "system"]


def by_finite_differences(objective, theta):
    h = 1e-6
    columns = []
    for e in torch.eye(theta.numel(), dtype=theta.dtype):
        columns.append(
            (objective.residual(theta + h * e) - objective.residual(theta - h * e)) / (2 * h)
        )
    return torch.stack(columns, dim=1)


@pytest.mark.parametrize("objective", list(objectives()), ids=IDS)
def test_the_jacobian_is_the_derivative_of_the_residual(objective):
    theta = objective.parameters
    _, jacobian = residual_and_jacobian(objective, theta)
    differences = by_finite_differences(objective, theta)
    # central differences of size h = 1e-6 err by h² and by rounding / h = 1e-10
    assert (jacobian - differences).abs().max() < 1e-7 * differences.abs().max()


@pytest.mark.parametrize("objective", list(objectives()), ids=IDS)
def test_every_product_is_the_jacobians(objective):
    theta = objective.parameters
    r, jacobian = residual_and_jacobian(objective, theta)
    v = torch.linspace(-1, 1, theta.numel(), dtype=theta.dtype)
    w = torch.linspace(1, 2, r.numel(), dtype=theta.dtype)
    loss, gradient = objective.loss_and_gradient(theta)

    def close(a, b):
        assert a.shape == b.shape
        assert bool(((a - b).abs() <= 1e-12 * max([1.0, *b.abs().flatten().tolist()])).all())

    close(r, objective.residual(theta))
    close(loss, 0.5 * r @ r)
    close(gradient, jacobian.T @ r)
    close(objective.jvp(theta, v), jacobian @ v)
    close(objective.vjp(theta, w), jacobian.T @ w)
    close(torch.stack(list(objective.terms(theta).values())).sum(), r @ r)
    again = objective.normal_equations(theta)
    gram = jacobian.T @ jacobian if again.jacobian is None else jacobian @ jacobian.T
    close(again.gram.tril(), gram.tril())
    close(again.right, jacobian.T @ r if again.jacobian is None else r)
    close(again.square, r @ r)
    with evaluating(objective) as e:
        _, columns = e.output_jacobian(theta, objective.collocated.rows)
    ends = jacobian.split([part.numel() for part in e.split(theta).values()], 1)
    sizes = [network.output_size for network in objective.field.networks().values()]
    close(columns, torch.cat([c[:, c.shape[1] - k :] for c, k in zip(ends, sizes, strict=True)], 1))


def test_blocks_do_not_matter():
    field = Siren(2, width=5)
    counts: Counts = {"burgers": 31, "start": 8, "eikonal": 5}
    small, large = (
        objective_of(Problem(*SCALAR), field, counts, limits=Limits(block=b)) for b in (3, 1000)
    )
    theta = small.parameters
    assert torch.allclose(
        small.loss_and_gradient(theta)[1], large.loss_and_gradient(theta)[1], rtol=1e-13, atol=1e-13
    )
    assert small.collocated.slices == {
        "burgers": slice(0, 31),
        "start": slice(31, 39),
        "eikonal": slice(39, 49),
    }


def test_the_loss_is_half_the_weighted_mean_square():
    @on(square, weight=4)
    def value(p, u):
        return u - 3

    objective = objective_of(Problem(value), Siren(2, width=4, depth=1), {value: 50})
    zero = torch.zeros_like(objective.parameters)
    assert float(objective.loss(zero)) == pytest.approx(0.5 * 4 * 9, rel=1e-12)


def test_redrawn_points_are_new_and_reproducible():
    objective = objective_of(Problem(burgers, start), Siren(2), {burgers: 20, start: 5})
    again, other = objective.redrawn(0), objective.redrawn(1)
    first = objective.collocated.rows[0].points.positions
    assert torch.equal(first, again.collocated.rows[0].points.positions)
    assert not torch.equal(first, other.collocated.rows[0].points.positions)


@pytest.mark.parametrize(
    ("residual", "affine"),
    [
        (lambda p, u: lap(u) + p.x * u - sin(p.x), True),
        (lambda p, u: d(u, p.t, p.t) - 4 * d(u, p.x, p.x), True),
        (lambda p, u: d(u, p.t) + u * d(u, p.x), False),
        (lambda p, u: lap(u) + u**3, False),
        (lambda p, u: norm(grad(u, p.x, p.t)) - 1, False),
    ],
)
def test_affinity_is_measured(residual, affine):
    objective = objective_of(Problem(on(square)(residual)), Siren(2))
    assert (objective.collocated.curvature < 1e-9) == affine


# ── slips of users, each named ────────────────────────────────────────────────────────────────


def two(p, u):
    x, y, z = p
    return u


def spread(p, u):
    return u.value[:, None]


def constant(p, u):
    return sin(p.x)


def number(p, u):
    return 1.0


def nothing(p, u):
    return None


def crowd(p, u, v):
    return u - v


def component(p, u):
    return u - torch.ones(3, 1, dtype=torch.float64)


SLIPS = {
    two: "unpacks another number of values",
    spread: r"\(4, 1\)",
    constant: "does not depend on the field",
    number: "does not depend on the field",
    nothing: "NoneType",
    crowd: r"takes \(p, u, v\)",
    component: r"\(3, 1\)",
}


@pytest.mark.parametrize("slip", SLIPS, ids=lambda f: f.__name__)
def test_slips_are_named(slip):
    with pytest.raises(ResidualError, match=SLIPS[slip]) as caught:
        objective_of(Problem(on(square)(slip)), Siren(2))
    assert slip is component or slip.__name__ in str(caught.value)


def test_values_that_are_not_finite_are_located():
    @on(square)
    def logarithm(p, u):
        return u + (p.x - 0.5) ** 0.5

    objective = objective_of(Problem(logarithm), Siren(2))
    with pytest.raises(NonFiniteError, match=r"`logarithm` is \[nan\] at x=0\.\d+, t="):
        require_finite(objective, objective.parameters)


def test_problems_check_their_conditions():
    with pytest.raises(ConfigError, match="@on"):
        Problem(lambda p, u: u)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="got none"):
        Problem()
    with pytest.raises(ConfigError, match="different names"):
        Problem(burgers, burgers)
    with pytest.raises(ConfigError, match="coordinates"):
        Problem(burgers, on(Box(x=(0, 1)))(two))
    with pytest.raises(DomainError, match="str"):
        on("square")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="weight > 0"):
        on(square, weight=0)
    cloud = PointCloud([[0.0, 1.0]], axes=("x", "t"))
    assert (
        len(objective_of(Problem(on(cloud)(lambda p, u: u)), Siren(2)).collocated.rows[0].points)
        == 1
    )


@pytest.mark.parametrize(
    "residual",
    [lambda p, u: u + lap(u) ** 0.5, lambda p, u: d(u, p.t) + log(u), lambda p, u: u**1.5],
)
def test_what_is_undefined_for_some_fields_is_not_affine(residual):
    objective = objective_of(Problem(on(square)(residual)), Siren(2))
    assert objective.collocated.curvature == float("inf")


ALGEBRA = {
    "sum of unlike": (lambda p, u: u - p.positions[:, :1], r"\(4, 1\)"),
    "vector and number": (lambda p, u: grad(u, p.x, p.t) - 1, "norm"),
    "no coordinate": (lambda p, u: d(u, "x"), "coordinate"),
    "no normal": (lambda p, u: u * p.normal[0], "normal"),
    "no such data": (lambda p, u: u - p.temperature, "temperature"),
    "branch": (lambda p, u: u if u > 0 else -u, "branch"),
    "no components": (lambda p, u: u[0], "cannot be evaluated"),
}


@pytest.mark.parametrize("name", ALGEBRA)
def test_slips_inside_a_residual_name_the_condition(name):
    slip, message = ALGEBRA[name]

    def wrong(p, u):
        return slip(p, u)

    with pytest.raises(SirenPDEError, match="condition `wrong`") as caught:
        objective_of(Problem(on(square)(wrong)), Siren(2))
    assert re.search(message, str(caught.value))


def test_there_is_no_laplacian_in_time_alone():
    clock = Box(t=(0, 1))

    def decay(p, u):
        return lap(u) + u

    with pytest.raises(SirenPDEError, match=r"condition `decay`.*lap\(u, t\)"):
        objective_of(Problem(on(clock)(decay)), Siren(1))


def test_counts_and_coordinates_must_match():
    with pytest.raises(ConfigError, match="burger'"):
        objective_of(Problem(burgers), Siren(2), {"burger": 10})
    with pytest.raises(ConfigError, match=r"`Siren\(2\)`"):
        objective_of(Problem(burgers), Siren(3))
    with pytest.raises(ConfigError, match="points=0"):
        on(square, points=0)


def test_defaults_of_a_residual_are_not_unknowns():
    @on(square)
    def mode(p, u, k=2):
        return u - sin(k * p.x)

    objective = objective_of(Problem(mode), Siren(2), {mode: 8})
    assert objective.residual(objective.parameters).shape == (8,)


def test_little_memory_changes_the_blocks_and_nothing_else():
    field = Siren(2, width=5, depth=2)
    counts: Counts = {"burgers": 310, "start": 80, "eikonal": 50}
    p = sum(q.numel() for q in field.parameters())
    little = 8 * 4 * p**2
    small = objective_of(Problem(*SCALAR), field, counts, limits=Limits(memory=little))
    large = objective_of(Problem(*SCALAR), field, counts)
    theta = small.parameters
    a, b = small.normal_equations(theta), large.normal_equations(theta)
    assert a.jacobian is None and a.gram.shape == (p, p)
    assert torch.allclose(a.gram.tril(), b.gram.tril(), rtol=1e-12, atol=1e-12)
    assert torch.allclose(a.right, b.right, rtol=1e-12, atol=1e-12)
    assert torch.allclose(
        small.loss_and_gradient(theta)[1], large.loss_and_gradient(theta)[1], rtol=1e-12, atol=1e-12
    )
    with pytest.raises(ConfigError, match=r"more than .* allowed.*Budget\(memory=…\)"):
        few = Limits(memory=little // 8)
        objective_of(Problem(*SCALAR), field, counts, limits=few).normal_equations(theta)
