"""Members with one mistake each are refused, in words that name the law and give numbers."""

from dataclasses import dataclass, replace
from typing import final

import pytest
import torch

from siren_pde import Box, Problem, d, on, pi, sin
from siren_pde.errors import DerivativeError
from siren_pde.extend import Image, Network, Quadrature, SequenceRule
from siren_pde.testing import (
    LawError,
    check_domain,
    check_field,
    check_method,
    check_problem,
    check_quadrature,
)
from siren_pde.testing.laws import called
from tests.third_party.ellipse import Edge, Ellipse
from tests.third_party.halton import Halton
from tests.third_party.nadam import NAdam
from tests.third_party.tanh import Tanh

chart, edge, channels, step = Ellipse.chart, Edge.chart, Tanh.channels, NAdam.step


def flipped(self, u):
    image = edge(self, u)
    return replace(image, normals=-image.normals)


def bare(self, u):
    image = edge(self, u)
    return Image(image.positions, kept=image.kept)


def stretched(self, u):
    return chart(self, torch.stack([u[:, 0] ** 2, u[:, 1]], 1))


def double(self, u):
    return Image(chart(self, u).positions.double())


def random(self, u):
    return chart(self, torch.rand_like(u))


BROKEN_DOMAINS = {
    "measure": (Ellipse, property(lambda self: 7.0), "said to be 7, but .* make up 6.2"),
    "bounds": (Ellipse, property(lambda self: ((-2, -0.5), (2, 1))), "lie outside its `bounds`"),
    "holds": (Ellipse, lambda self, x, t: x[:, 0] > t, "points of .* do not lie in it"),
    "chart": (Ellipse, stretched, "is not even: the mean of .* over its points is"),
    "chart in double precision": (Ellipse, double, "asked for in torch.float32 are torch.float64"),
    "chart drawn at random": (Ellipse, random, "two samples of .* with the same seed differ"),
    "level": (Ellipse, lambda self, x, y: (x / 2) ** 2 + 2 * y**2, "do not lie in it"),
    "__repr__": (Ellipse, lambda self: "Ellipse\n" * 3, "in 4 lines"),
    "edge's chart with inward normals": (Edge, flipped, r"not point outward.*other way round at 1"),
    "edge's chart without normals": (Edge, bare, "no normals"),
    "edge's measure": (Edge, property(lambda self: 9.0), r"divergence theorem fails.*∮ F·n"),
    "edge's boundary_function": (
        Edge,
        lambda self, p: 2 - self.ellipse.level(p.x, p.y),
        "is 1.0e.00 on its boundary, where it should be zero",
    ),
    "edge's flat boundary_function": (
        Edge,
        lambda self, p: (1 - self.ellipse.level(p.x, p.y)) ** 2,
        "slope of the boundary function .* in the median",
    ),
    "edge's boundary_function of too much": (
        Edge,
        lambda self, p: (1 - self.ellipse.level(p.x, p.y)) * p.x**2,
        "vanishes about .* beside a point",
    ),
    "edge's outer boundary_function": (
        Edge,
        lambda self, p: self.ellipse.level(p.x, p.y) - 1,
        "at a point inside, where it should be positive",
    ),
}


@pytest.mark.parametrize("name", BROKEN_DOMAINS)
def test_broken_domains_are_refused(name, monkeypatch):
    kind, value, says = BROKEN_DOMAINS[name]
    attribute = next(word for word in name.split() if word in dir(kind))
    monkeypatch.setattr(kind, attribute, value)
    with pytest.raises(LawError, match=f"(?s){says}"):
        check_domain(Ellipse(2.0, 1.0))


def test_boundary_functions_of_tensors_are_refused(monkeypatch):
    def tensors(self, p):
        return p.x * 0 + (1 - self.ellipse.level(*p.positions.T))

    monkeypatch.setattr(Edge, "boundary_function", tensors)
    with pytest.raises(DerivativeError, match="as a function of coordinates"):
        check_domain(Ellipse(2.0, 1.0))


# ── fields ────────────────────────────────────────────────────────────────────────────────────────


def wrong_laplacian(self, theta, x, plan):
    given = channels(self, theta, x, plan).clone()
    given[-1] *= 1 + 1e-6 * (plan.order == 2)
    return given


def centred(self, theta, x, plan):
    return channels(self, theta, x - x.mean(0), plan)


def half_gradient(self, theta, at, seeds):
    return 0.5 * Network.vjp(self, theta, at, seeds)


def moving(self, theta, x, plan, space=None):
    theta.add_(1e-3)
    return Network.evaluate(self, theta, x, plan, space)


def squeezed(self, theta, x, plan):
    return channels(self, theta, x, plan)[:, :, 0]


def curious(self, p, jets):
    (jet,) = (jets["u"],)
    jet.part((0, 0, 0))
    return {"u": jet}


BROKEN_NETWORKS = {
    "channels, Laplacian wrong": (wrong_laplacian, r"the derivative Laplace.*differs by up to"),
    "channels of the mean": (centred, "differs by up to"),
    "channels without outputs": (squeezed, r"have the shape|returns when it is called"),
    "vjp": (half_gradient, "`vjp` of .* for the value differs"),
    "evaluate": (moving, "changes its parameters θ"),
    "describe": (lambda self: {"width": 6}, "cannot be read.*cannot be made from its description"),
    "unknowns": (curious, "requires .* let `unknowns` return jets"),
}


@pytest.mark.parametrize("name", BROKEN_NETWORKS)
def test_broken_networks_are_refused(name, monkeypatch):
    value, says = BROKEN_NETWORKS[name]
    monkeypatch.setattr(Tanh, name.split()[0].rstrip(","), value)
    with pytest.raises(LawError, match=f"(?s){says}"):
        check_field(Tanh(2, 6))


def test_output_layers_that_are_not_affine_are_refused():
    network = Tanh(2, 6)
    network.output_size += 3  # some of the slopes as well
    with pytest.raises(LawError, match="at other output parameters"):
        check_field(network)


# ── methods ───────────────────────────────────────────────────────────────────────────────────────


def in_place(self, at, spent):
    following = step(self, at, spent)
    at.theta.copy_(following.theta)
    return replace(following, theta=at.theta)


def uphill(self, at, spent):
    following = step(self, at, spent)
    return replace(following, theta=2 * at.theta - following.theta)


def noisy(self, at, spent):
    following = step(self, at, spent)
    return replace(following, theta=following.theta + 1e-6 * torch.randn_like(at.theta))


def careless(self, at, spent):
    following = step(self, at, spent)
    done = "bored" if at.state.steps == 9 else ""
    return replace(following, theta=following.theta * (0.5 if done else 1.0), finished=done)


BROKEN_METHODS = {
    "in place": (in_place, "changes θ in place in a step on Rosenbrock's function"),
    "uphill": (uphill, r"does not decrease the loss of Rosenbrock.*12.1 at the start and 181"),
    "noisy": (noisy, "two runs of .* differ in step 1"),
    "careless": (careless, "finishes on .*“bored”.*after .* in the step before"),
}


@pytest.mark.parametrize("name", BROKEN_METHODS)
def test_broken_methods_are_refused(name, monkeypatch):
    value, says = BROKEN_METHODS[name]
    monkeypatch.setattr(NAdam, "step", value)
    with pytest.raises(LawError, match=f"(?s){says}"):
        check_method(NAdam())


# ── quadratures ───────────────────────────────────────────────────────────────────────────────────


@final
@dataclass(frozen=True)
class Light(Quadrature):
    """Halton's points with weights that sum to 98 % of the measure."""

    def points_on(self, piece, count, *, seed, like):
        points = Halton(count).points_on(piece, count, seed=seed, like=like)
        return replace(points, weights=0.98 * points.weights)


@final
@dataclass(frozen=True)
class Signed(Quadrature):
    """Halton's points with a negative weight that another makes up for."""

    def points_on(self, piece, count, *, seed, like):
        points = Halton(count).points_on(piece, count, seed=seed, like=like)
        weights = points.weights.clone()
        if count > 1:
            weights[0] = -weights[0]
            weights[1] -= 2 * weights[0]
        return replace(points, weights=weights)


@final
@dataclass(frozen=True)
class Unseeded(SequenceRule):
    """Random points, new ones for each call."""

    def unit_points(self, n, inputs, *, seed, skip):
        return torch.rand(n, inputs)


@final
@dataclass(frozen=True)
class Lazy(SequenceRule):
    """All points in one place."""

    def unit_points(self, n, inputs, *, seed, skip):
        return torch.full((n, inputs), 0.3)


@final
@dataclass(frozen=True)
class Doubled(Quadrature):
    """Twice as many points as are asked for."""

    def points_on(self, piece, count, *, seed, like):
        return Halton(2 * count).points_on(piece, 2 * count, seed=seed, like=like)


@final
@dataclass(frozen=True)
class Restarting(SequenceRule):
    """A sequence that begins anew wherever it is entered."""

    def unit_points(self, n, inputs, *, seed, skip):
        return Halton(n).unit_points(n, inputs, seed=seed, skip=0)


BROKEN_RULES = {
    Light: r"weights of `Light\(n=64\)` on `Box\(x=\(1, 3\)\)` sum to 1.96, but its measure is 2",
    Signed: "1 of 64 weights of .* are not positive; the least is -0.0",
    Unseeded: "with seed 3 differ from those with seed 3 before",
    Restarting: "three thirds of the points of .* are not all of them: a `sequence` has the same",
    Lazy: "error of .* for a smooth function .* should fall by half",
    Doubled: r"has 2 points on an interval, which should be 1",
}


@pytest.mark.parametrize("kind", BROKEN_RULES, ids=lambda kind: kind.__name__)
def test_broken_quadratures_are_refused(kind):
    with pytest.raises(LawError, match=f"(?s){BROKEN_RULES[kind]}"):
        check_quadrature(kind(64))


# ── problems ──────────────────────────────────────────────────────────────────────────────────────

line = Box(x=(0, 1))


@on(line)
def poisson(p, u):
    return d(u, p.x, p.x) + pi**2 * sin(pi * p.x)


@on(line.boundary)
def dirichlet(p, u):
    return u


def test_a_problem_whose_exact_solution_is_wrong_is_refused():
    right = Problem(poisson, dirichlet, exact=lambda p: sin(pi * p.x))
    with pytest.raises(LawError, match=r"cannot be sent to another process.*lambda"):
        check_problem(right)
    wrong = Problem(poisson, dirichlet, exact=lambda p: sin(2 * pi * p.x))
    with pytest.raises(LawError, match="`exact` does not satisfy `poisson`"):
        check_problem(wrong)


def test_long_names_are_cut():
    assert called("x" * 99) == f"`'{'x' * 78}…`"
