"""Numbers wanted of the gallery's solutions, and the same numbers of the exact ones."""

import importlib.util
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from siren_pde import LeastSquares, PointCloud, d, dot, grad
from siren_pde.collocation.expression import stacked
from siren_pde.estimates.integrals import integrated

FOLDER = Path(__file__).parents[1] / "problems"
ROUNDING = 2e-14
"""Errors beside the integral of the absolute value that are rounding."""


@dataclass(frozen=True)
class Wanted:
    """A goal: an expression, where, and whether its mean is wanted."""

    name: str
    expression: Callable
    over: object
    mean: bool = False


@dataclass(frozen=True)
class Row:
    """A file of the gallery, features for a coarse answer, and goals of its module."""

    features: int
    goals: Callable[[ModuleType], list[Wanted]] = field(repr=False)


def value(p, u):
    return u


def flux(p, u):
    return dot(grad(u), p.normal)


def at(*place, axes=None):
    return PointCloud([place], axes=axes)


def plane(m, domain, side):
    """A flux through a side, the mean and a value at a point."""
    return [
        Wanted("flux", flux, side),
        Wanted("mean", value, domain, mean=True),
        Wanted("point", value, at(0.3, 0.4)),
    ]


def _poisson(m):
    energy = Wanted("energy", lambda p, u: dot(grad(u), grad(u)), m.square)
    return [*plane(m, m.square, m.square.at(x=1)), energy]


def _variable(m):
    def current(p, u):
        return m.conductivity(p) * dot(grad(u), p.normal)

    first, *others = plane(m, m.square, m.square.at(y=0))
    return [Wanted("flux", current, first.over), *others]


def _helmholtz(m):
    return [
        Wanted("moment", lambda p, u: p.y * flux(p, u), m.square.at(x=1)),
        Wanted("square", lambda p, u: u**2, m.square),
        Wanted("point", value, at(0.3, 0.4)),
    ]


def _heat(m):
    return [
        Wanted("flux", lambda p, u: d(u, p.x), m.strip.at(x=1)),
        Wanted("mean", value, m.strip, mean=True),
        Wanted("at an instant", value, m.strip.at(t=1)),
        Wanted("point", value, at(0.3, 0.9, axes=("x", "t"))),
    ]


def _elasticity(m):
    return [
        Wanted("moment", lambda p, u: p.y * d(u[0], p.x), m.square.at(x=1)),
        Wanted("mean", lambda p, u: u[1], m.square, mean=True),
        Wanted("point", lambda p, u: u[0], at(0.3, 0.4)),
    ]


def _kovasznay(m):
    def drag(p, v, q):
        return q * p.normal[0] - dot(grad(v[0]), p.normal) / m.reynolds

    return [
        Wanted("drag", drag, m.wake.boundary),
        Wanted("mean", lambda p, q: q, m.wake, mean=True),
        Wanted("point", lambda p, v: v[1], at(0.3, 0.4)),
    ]


def _wave(m):
    return [
        Wanted("flux", lambda p, u: d(u, p.x), m.strip.at(x=1)),
        Wanted("energy", lambda p, u: d(u, p.t) ** 2 + 4 * d(u, p.x) ** 2, m.strip.at(t=1)),
        Wanted("point", value, at(0.3, 0.9, axes=("x", "t"))),
    ]


def _mixed(m):
    return plane(m, m.plate, m.plate.at(x=0))


def _disk(m):
    return plane(m, m.disk, m.disk.boundary)


def _robin(m):
    return plane(m, m.problem.home("u", ["u"]), m.problem.home("u", ["u"]).at(x=1))


def _boltzmann(m):
    return plane(m, m.problem.home("u", ["u"]), m.problem.home("u", ["u"]).boundary)


CASES = {
    "poisson": Row(80, _poisson),
    "poisson_disk": Row(120, _disk),
    "poisson_variable": Row(150, _variable),
    "helmholtz": Row(200, _helmholtz),
    "heat": Row(150, _heat),
    "elasticity": Row(150, _elasticity),
    "kovasznay": Row(120, _kovasznay),
    "robin": Row(60, _robin),
    "poisson_mixed": Row(100, _mixed),
    "wave": Row(400, _wave),
    "poisson_boltzmann": Row(150, _boltzmann),
}


def module(name: str) -> ModuleType:
    """The problem file of a name."""
    spec = importlib.util.spec_from_file_location(f"goals_of_{name}", FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made


def coarse(name: str) -> LeastSquares:
    """The method of a coarse answer."""
    return LeastSquares(CASES[name].features)


def truth(m: ModuleType, wanted: Wanted) -> tuple[float, float]:
    """The goal of the exact solution, and what rounding may change."""

    def values(p):
        exact = m.problem.exact(p)
        known = exact if isinstance(exact, dict) else {"u": exact}
        names = list(inspect.signature(wanted.expression).parameters)[1:]
        given = [known[n] for n in names] if set(names) <= {*known} else [*known.values()]
        return stacked(wanted.name, wanted.expression(p, *given), p).detach()

    total = integrated(
        values, wanted.over, enough=lambda t: float(t.errors[0]) <= 1e-13 * float(t.sizes[0])
    )
    per = wanted.over.measure if wanted.mean else 1.0
    return float(total.values[0]) / per, ROUNDING * float(total.sizes[0]) / per


def compared(m: ModuleType, solution, wanted: Wanted) -> tuple[object, float, float]:
    """The goal with its bar, its true error with its sign, and what of that is rounding."""
    goal = solution.goal(wanted.expression, wanted.over, mean=wanted.mean)
    known, rounding = truth(m, wanted)
    return goal, known - goal.value, rounding + goal.rounding


def right_within(factor: float, bar: float, error: float, rounding: float) -> bool:
    """Whether a bar and a true error are a factor apart at most, but for rounding."""
    return bar <= factor * (abs(error) + rounding) and abs(error) <= factor * bar + rounding
