"""Degenerate arguments: what is written, the type of the error, and words of its message."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch

import siren_pde
from siren_pde import (
    LBFGS,
    Adam,
    Ball,
    Box,
    Broyden,
    Budget,
    GaussLegendre,
    GaussNewton,
    Grid,
    Implicit,
    LeastSquares,
    LocalFeatures,
    Marching,
    MonteCarlo,
    PointCloud,
    Polygon,
    Problem,
    Propagator,
    Schedule,
    Siren,
    Sobol,
    check,
    fit_sdf,
    lap,
    on,
    solve,
)
from siren_pde.errors import ConfigError, DomainError, ResidualError, SirenPDEError
from siren_pde.optimisers.base import Method
from siren_pde.optimisers.conjugate_gradients import ConjugateGradients
from siren_pde.random_features.variable_projection import VariableProjection
from siren_pde.scans import Eikonal, Heat, Viscosity

SQUARE: Any = Box(x=(0, 1), y=(0, 1))
DISC: Any = Ball(x=0, y=0)
NAN, INF = math.nan, math.inf


def solving(residual=None, domain=SQUARE, **options):
    """Solve a condition, of which nothing is to be computed."""

    def poisson(p, u):
        return lap(u) - 1

    problem = Problem(on(domain)(residual or poisson))
    return solve(problem, quiet=True, **{"budget": Budget(steps=1), **options})


class Outside:
    """A function that is positive everywhere."""

    bounds = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

    def __call__(self, x):
        return 1 + x[:, 0]

    def gradient(self, x):
        return torch.ones_like(x)


CONFIG: list[tuple[str, Any, str]] = [
    (
        "Adam(rate=nan)",
        lambda: Adam(rate=NAN),
        r"`Adam` needs a finite number rate > 0, got rate=nan",
    ),
    ("Adam(rate=0)", lambda: Adam(rate=0), "rate > 0"),
    ("Adam(rate='a')", lambda: Adam(rate="a"), "rate > 0, got rate='a'"),
    ("Adam(rate=tensor)", lambda: Adam(rate=torch.ones(1)), "rate > 0"),
    ("Adam(batch=1.5)", lambda: Adam(batch=1.5), "whole number batch ≥ 1, got batch=1.5"),
    ("Adam(batch=True)", lambda: Adam(batch=True), "whole number batch"),
    ("Adam(fresh=1)", lambda: Adam(fresh=1), "fresh=True or fresh=False"),
    ("Adam(warmup=0)", lambda: Adam(warmup=0), "warmup ≥ 1"),
    ("GaussNewton(refresh=-1)", lambda: GaussNewton(refresh=-1), "refresh ≥ 0"),
    ("GaussNewton(ratio=inf)", lambda: GaussNewton(ratio=INF), "ratio > 0"),
    ("LBFGS(memory=0)", lambda: LBFGS(memory=0), "memory ≥ 1"),
    ("LeastSquares(features=0)", lambda: LeastSquares(features=0), "features ≥ 1"),
    ("LeastSquares((nan,))", lambda: LeastSquares(frequency=(NAN,)), "frequency > 0"),
    ("LeastSquares(())", lambda: LeastSquares(frequency=()), "tuple of numbers frequency"),
    ("LeastSquares(frequency=3)", lambda: LeastSquares(frequency=3), "tuple of numbers"),
    ("Marching(tolerance=0)", lambda: Marching(tolerance=0), "tolerance > 0"),
    ("Marching(accepted=1)", lambda: Marching(accepted=1), "below one"),
    ("Propagator(most < features)", lambda: Propagator(most=1), "most ≥ features"),
    ("Eikonal(weight=nan)", lambda: Eikonal(weight=NAN), "weight > 0"),
    ("Heat(rate=-1)", lambda: Heat(rate=-1), "rate > 0"),
    ("Viscosity(epsilon=0)", lambda: Viscosity(epsilon=0), "epsilon > 0"),
    ("Budget(steps=1.5)", lambda: Budget(steps=1.5), "whole number steps ≥ 1, got steps=1.5"),
    (
        "Budget(seconds=inf)",
        lambda: Budget(seconds=INF),
        "finite number seconds > 0, got seconds=inf",
    ),
    ("Budget(seconds=nan)", lambda: Budget(seconds=NAN), "seconds > 0"),
    ("Budget(target=-1)", lambda: Budget(target=-1), "target > 0"),
    ("Budget(memory='1G')", lambda: Budget(memory="1G"), "whole number memory"),
    ("Sobol(0)", lambda: Sobol(0), "n ≥ 1"),
    ("Sobol(1.5)", lambda: Sobol(1.5), "n ≥ 1"),
    ("MonteCarlo(nan)", lambda: MonteCarlo(NAN), "n ≥ 1"),
    ("Grid(-1)", lambda: Grid(-1), "n ≥ 1"),
    ("GaussLegendre('a')", lambda: GaussLegendre("a"), "n ≥ 1"),
    ("Schedule(nan)", lambda: Schedule((0, NAN)), "pairs"),
    ("Schedule(3)", lambda: Schedule(3), "pairs"),
    ("Siren(0)", lambda: Siren(0), "inputs ≥ 1"),
    ("Siren(2.5)", lambda: Siren(2.5), "inputs ≥ 1"),
    ("Siren(width=nan)", lambda: Siren(2, width=NAN), "width ≥ 1"),
    ("Siren(seed=-1)", lambda: Siren(2, seed=-1), "a seed is a whole number"),
    ("Siren(frequency='a')", lambda: Siren(2, frequency="a"), "one finite value per input"),
    ("Siren(frequency=nan)", lambda: Siren(2, frequency=NAN), "one finite value per input"),
    ("Siren(hidden)", lambda: Siren(2, hidden_frequency=NAN), "hidden_frequency > 0"),
    ("on(weight=nan)", lambda: on(SQUARE, weight=NAN), "weight > 0"),
    ("on(weight='a')", lambda: on(SQUARE, weight="a"), "weight > 0"),
    ("on(points=1.5)", lambda: on(SQUARE, points=1.5), "points ≥ 1"),
    ("solve(budget=10)", lambda: solving(budget=10), r"`Budget`, got 10.*Budget\(seconds=10\)"),
    ("solve(seed='a')", lambda: solving(seed="a"), "a seed is a whole number.*got 'a'"),
    ("solve(seed=-1)", lambda: solving(seed=-1), "a seed is a whole number.*got -1"),
    ("solve(seed=0.5)", lambda: solving(seed=0.5), "a seed is a whole number"),
    ("solve(seed=2**60)", lambda: solving(seed=2**60), "a seed is a whole number"),
    ("solve(quadrature=64)", lambda: solving(quadrature=64), r"such as `Sobol\(1024\)`, got 64"),
    ("solve(estimate='much')", lambda: solving(estimate="much"), "none, quick, careful"),
    ("solve(callbacks=3)", lambda: solving(callbacks=3), "functions of a report"),
    ("solve(method='adam')", lambda: solving(method="adam"), "needs a method such as"),
    ("solve(dtype=int)", lambda: solving(dtype=torch.int32), "float32 or float64"),
    ("solve(device='abacus')", lambda: solving(device="abacus"), "abacus"),
    ("check(seed=-1)", lambda: check(Problem(on(SQUARE)(lambda p, u: u)), seed=-1), "a seed"),
    ("fit_sdf(seed=-1)", lambda: fit_sdf(PointCloud(np.eye(3)), seed=-1), "a seed"),
    ("fit_sdf(seconds=nan)", lambda: fit_sdf(PointCloud(np.eye(3)), seconds=NAN), "seconds > 0"),
]
DOMAINS: list[tuple[str, Any, str]] = [
    ("Box(±1e308)", lambda: Box(x=(-1e308, 1e308)), "moderate size"),
    ("Box(1e200)²", lambda: Box(x=(0, 1e200), y=(0, 1e200)), "moderate size"),
    ("Box of no area", lambda: Box(x=(0, 1e-200), y=(0, 1e-200)), "moderate size"),
    ("Box beyond rounding", lambda: Box(x=(1e16, 1e16 + 4)), "beyond rounding"),
    ("Box(nan)", lambda: Box(x=(NAN, 1)), "finite bounds"),
    ("Box(min > max)", lambda: Box(x=(1, 0)), "low < high"),
    ("Box(min = max)", lambda: Box(x=(1, 1)), "low < high"),
    ("Box('a')", lambda: Box(x=("a", 1)), "two numbers"),
    ("Ball(1e308)", lambda: Ball(x=0, y=0, radius=1e308), "moderate size"),
    ("Ball(1e-200)", lambda: Ball(x=0, y=0, z=0, radius=1e-200), "moderate size"),
    ("Ball('a')", lambda: Ball(x="a"), "finite centre"),
    ("Ball(radius='a')", lambda: Ball(x=0, radius="a"), "radius > 0"),
    ("Ball(radius=None)", lambda: Ball(x=0, radius=None), "radius > 0"),
    ("Polygon(1e200)", lambda: Polygon([(0, 0), (1e200, 0), (0, 1e200)]), "moderate size"),
    ("Polygon(flat)", lambda: Polygon([(0, 0), (1, 0), (2, 0)]), "sides"),
    ("PointCloud([])", lambda: PointCloud([]), "at least one point"),
    ("PointCloud().boundary", lambda: PointCloud([0.0]).boundary, "no boundary"),
    ("sphere.boundary", lambda: DISC.boundary.boundary, "no boundary"),
    ("on(3)", lambda: on(3), "needs a domain"),  # type: ignore[arg-type]
    ("disc & far disc", lambda: DISC & Ball(x=3, y=0), "do not meet"),
    ("disc - larger disc", lambda: DISC - Ball(x=0, y=0, radius=2), "nothing is left"),
    (
        "tangent discs",
        lambda: solving(domain=DISC & Ball(x=1.9999999, y=0)),
        "empty, or too thin",
    ),
    (
        "box in a corner past a disc",
        lambda: solving(domain=DISC & Box(x=(0.75, 3), y=(0.75, 0.8))),
        "empty",
    ),
    (
        "no inside",
        lambda: solving(domain=Implicit(Outside()), residual=lambda p, u: u),
        "no surface in the box",
    ),
]
RESIDUALS: list[tuple[str, Any, str]] = [
    ("np.sin(p.x)", lambda: solving(lambda p, u: u - np.sin(p.x)), r"siren_pde\.sin"),
    ("torch.sin(p.x)", lambda: solving(lambda p, u: u - torch.sin(p.x)), r"siren_pde\.sin"),
    ("math.sin(p.x)", lambda: solving(lambda p, u: u - math.sin(p.x)), r"siren_pde\.sin"),
    ("np.sin(u)", lambda: solving(lambda p, u: np.sin(u)), r"siren_pde\.sin"),
    ("torch.exp(u)", lambda: solving(lambda p, u: torch.exp(u)), r"siren_pde\.exp"),
    ("np.heaviside(p.x, 1)", lambda: solving(lambda p, u: np.heaviside(p.x, 1.0)), "where"),
    ("no field", lambda: solving(lambda p, u: p.x), "does not depend on the field"),
]
TABLE = [
    *((name, make, ConfigError, words) for name, make, words in CONFIG),
    *((name, make, DomainError, words) for name, make, words in DOMAINS),
    *((name, make, ResidualError, words) for name, make, words in RESIDUALS),
]


@pytest.mark.parametrize(("name", "make", "kind", "words"), TABLE, ids=[row[0] for row in TABLE])
def test_degenerate_arguments_get_a_sentence(name, make, kind, words):
    with pytest.raises(kind, match=words) as caught:
        make()
    assert str(caught.value).endswith((".", "…"))


METHODS: list[type[Method[Any]]] = [
    Adam,
    Broyden,
    ConjugateGradients,
    GaussNewton,
    LBFGS,
    LeastSquares,
    LocalFeatures,
    Marching,
    Propagator,
    VariableProjection,
    siren_pde.Auto,
]
OPTIONS = [
    (method, each)
    for method in METHODS
    for each in dataclasses.fields(method)  # type: ignore[arg-type]
    if str(each.type).split(" |")[0] in ("int", "float", "bool")
]


@pytest.mark.parametrize("value", [NAN, -INF, -1, "a", None, "1", 1j, [1]])
@pytest.mark.parametrize(
    ("method", "option"), OPTIONS, ids=lambda value: getattr(value, "name", "")
)
def test_every_numeric_option_is_a_number(method, option, value):
    if value is None and "None" in str(option.type):
        assert method(**{option.name: None}) == method(**{option.name: None})
        return
    with pytest.raises(ConfigError, match=rf"`{method.__name__}` .*{option.name}"):
        method(**{option.name: value})


def test_numbers_of_numpy_are_numbers():
    assert Adam(rate=np.float64(1e-3), batch=np.int64(5)).batch == 5
    assert Budget(seconds=np.float32(2), steps=np.int32(3)).steps == 3
    assert Sobol(np.int64(8)).n == 8
    assert Ball(x=np.float32(0), radius=np.int64(1)).measure == pytest.approx(2)


def test_limits_are_where_they_are_said_to_be():
    assert GaussNewton(refresh=0, adapt=0).refresh == 0 and Adam(settling=INF).settling == INF
    assert Adam(rate=Schedule((0, 1), (1, 0.5))).batch and Siren(1, seed=2**53 - 1).seed
    for small in (Box(x=(0, 1e-100)), Box(x=(1e3, 1e3 + 1e-6)), Ball(x=0, y=0, z=0, radius=1e-50)):
        assert small.measure > 0


class Drifting(Method[None]):
    """A method of one's own, whose default is negative: nothing is known of its sign."""

    name = "drifting"

    def start(self, objective):
        raise NotImplementedError

    def step(self, at, spent):
        raise NotImplementedError

    def points(self, parameters):
        return 1


def test_methods_of_ones_own_keep_their_defaults():
    @dataclasses.dataclass(frozen=True)
    class Mine(Drifting):
        drift: float = -1.0
        rate: float = 0.5

    assert Mine(drift=-2.0).drift == -2.0
    with pytest.raises(SirenPDEError, match="`Mine` needs a finite number rate > 0"):
        Mine(rate=-2.0)
