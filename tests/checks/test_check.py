"""Checking a problem: silent on every problem file, and each mistake is found and explained."""

import functools
import json
import re
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner

from siren_pde import Ansatz, Box, Problem, Siren, check, lap, on
from siren_pde.cli.app import app
from siren_pde.cli.script import read_script
from siren_pde.errors import ConfigError

FOLDER = Path(__file__).parents[2] / "problems"
FILES = sorted(
    path for path in FOLDER.glob("*.py") if re.search(r"^problem = ", path.read_text(), re.M)
)


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_said_against_the_problem_files(path):
    script = read_script(path)
    found = check(script.problem, script.field, quadrature=script.quadrature)
    assert [f for f in found if f.severity != "note"] == []


# ── deliberate mistakes: (severity, kind, what the sentence says), and the file ───────────────────

HEAT = """
from siren_pde import *
strip = Box(x=(0, 1), t=(0, 1))

def exact(p):
    return exp(-pi**2 * p.t) * sin(pi * p.x)

@on(strip)
def heat(p, u):
    return d(u, p.t) - d(u, p.x, p.x)

@on(strip.at(t=0))
def start(p, u):
    return u - sin(pi * p.x)

@on(strip.at(x=0) | strip.at(x=1))
def ends(p, u):
    return u

problem = Problem(heat, start, ends, exact=exact)
"""
WAVE = """
from siren_pde import *
strip = Box(x=(0, 1), t=(0, 1))

@on(strip)
def wave(p, u):
    return d(u, p.t, p.t) - d(u, p.x, p.x)

@on(strip.at(t=0))
def shape(p, u):
    return u - sin(pi * p.x)

@on(strip.at(t=0))
def rest(p, u):
    return d(u, p.t)

@on(strip.at(x=0) | strip.at(x=1))
def ends(p, u):
    return u

problem = Problem(wave, shape, rest, ends)
"""
POISSON = """
from siren_pde import *
square = Box(x=(0, 1), y=(0, 1))

def exact(p):
    return sin(pi * p.x) * sin(pi * p.y)

@on(square)
def poisson(p, u):
    return lap(u) + 2 * pi**2 * exact(p)

@on(square.boundary)
def dirichlet(p, u):
    return u

problem = Problem(poisson, dirichlet, exact=exact)
"""
STOKES = """
from siren_pde import *
square = Box(x=(0, 1), y=(0, 1))
field = System(v=Siren(2, 2), q=Siren(2))

@on(square)
def momentum(p, v, q):
    return lap(v) - grad(q)

@on(square)
def mass(p, v):
    return div(v)

@on(square.boundary)
def walls(p, v):
    return v[0] - p.y * (1 - p.y), v[1]

problem = Problem(momentum, mass, walls)
"""

MISTAKES = {
    "the source has the wrong sign": (
        POISSON.replace("+ 2", "- 2"),
        "error exact: .*`poisson`.*opposite sign.*(without the unknown|Δu)",
    ),
    "a factor of the source is forgotten": (
        POISSON.replace("+ 2 *", "+"),
        "error exact: .*`poisson`.*without the unknown times 2 ",
    ),
    "the diffusion has the wrong sign": (
        HEAT.replace("- d(u, p.x", "+ d(u, p.x"),
        "error exact: .*`heat`.*opposite sign of the term with u_(t|xx)",
    ),
    "the start is not the exact solution's": (
        HEAT.replace("u - sin(pi * p.x)", "u - sin(3 * pi * p.x)"),
        "error exact: .*`start`.*Check the signs",
    ),
    "the exact solution is not finite": (
        POISSON.replace("def exact(p):\n    return", "def exact(p):\n    return log(p.x - 2) +"),
        "error (exact|finite): .*(not finite|nan)",
    ),
    "the start is missing": (
        HEAT.replace("(heat, start, ends", "(heat, ends"),
        r"error initial: .*order 1 in t for u, .*has 0. Give u at the start.*at\(t=0\)",
    ),
    "the velocity at the start is missing": (
        WAVE.replace("shape, rest", "shape"),
        r"error initial: .*order 2 in t for u, .*has 1. Give ∂u/∂t at.*d\(u, p.t\)",
    ),
    "the shape at the start is missing": (
        WAVE.replace("shape, rest", "rest"),
        "error initial: .*order 2 in t for u, .*has 1. Give u at the start",
    ),
    "one end is left free": (
        HEAT.replace("strip.at(x=0) | strip.at(x=1)", "strip.at(x=0)"),
        r"warning boundary: .*requires 1 boundary condition, and on x=1 .*domain.at\(x=1\)",
    ),
    "one side of a square is left free": (
        POISSON.replace("square.boundary", "square.at(x=0) | square.at(x=1) | square.at(y=1)"),
        "warning boundary: .*on y=0 there are fewer",
    ),
    "a plate is only held": (
        POISSON.replace("lap(u) + 2 *", "lap(lap(u)) - 4 *").replace("pi**2", "pi**4"),
        "warning boundary: .*order 4 in space.*requires 2 boundary conditions.*lap\\(u\\)",
    ),
    "start and ends disagree in the corner": (
        HEAT.replace("return u\n", "return u - 1\n").replace(", exact=exact", ""),
        "warning agreement: `start` requires u = 0 and `ends` u = 1 at x=[01], t=0",
    ),
    "one face has two values": (
        POISSON.replace(
            "problem = ", "@on(square.at(x=0))\ndef wall(p, u):\n    return u - 3\n\np = "
        )
        + "problem = Problem(poisson, dirichlet, wall)",
        "error agreement: `dirichlet` requires u = 0 and `wall` u = 3 at x=0, .*Drop one",
    ),
    "nothing drives the equation": (
        POISSON.replace("lap(u) + 2 * pi**2 * exact(p)", "lap(u)").replace(", exact=exact", ""),
        "error trivial: u = 0 satisfies all conditions.*source",
    ),
    "a constant satisfies everything": (
        POISSON.replace("lap(u) + 2 * pi**2 * exact(p)", "lap(u)")
        .replace("    return u\n", "    return u - 2\n")
        .replace(", exact=exact", ""),
        "error trivial: the constant u = 2 satisfies",
    ),
    "nothing fixes the pressure": (STOKES, "note constant: .*derivatives of q only"),
    "an unknown is in no condition": (
        STOKES.replace("q=Siren(2))", "q=Siren(2), nu=Unknown(1.0))"),
        "error unknown: the unknown `nu` occurs in no condition",
    ),
    "a condition takes an unknown that does not exist": (
        STOKES.replace("q=Siren(2))", "r=Siren(2))"),
        "error residual: .*`momentum` takes",
    ),
    "a coordinate is never used": (
        "from siren_pde import *\n"
        "square = Box(x=(0, 1), y=(0, 1))\n"
        "@on(square)\ndef growth(p, u):\n    return d(u, p.x) - u\n"
        "@on(square.at(x=0))\ndef start(p, u):\n    return u - 1\n"
        "problem = Problem(growth, start)\n",
        "warning coordinate: no condition uses the coordinate `y`",
    ),
    "the residual has two axes": (
        POISSON.replace("    return u\n", "    return u.value[:, None]\n"),
        r"error residual: .*`dirichlet` returned \(4, 1\)",
    ),
    "the residual has no unknown": (
        POISSON.replace("    return u\n", "    return p.x\n"),
        "error residual: .*`dirichlet` does not depend on the field",
    ),
    "the source is singular": (
        POISSON.replace("+ 2 * pi**2 * exact(p)", "+ sqrt(p.x - 0.5)"),
        "error finite: .*`poisson` is .*nan",
    ),
    "a term drowns": (
        HEAT.replace("- d(u, p.x, p.x)", "- 1e-9 * d(u, p.x, p.x)").replace(", exact=exact", ""),
        "warning scale: in `heat` the term with u_t is .* as large as the one with u_xx",
    ),
    "units make conditions incomparable": (
        POISSON.replace("return lap(u) + 2 * pi**2 *", "return 1e9 * lap(u) + 2e9 * pi**2 *"),
        "warning scale: `poisson` is .* times as large as `dirichlet`",
    ),
    "the solution is tiny": (
        POISSON.replace("2 * pi**2", "2e-9 * pi**2").replace(", exact=exact", ""),
        "warning scale: `poisson` calls for a solution of size .*e-1?[0-9]",
    ),
    "the axes are incomparable": (
        HEAT.replace("t=(0, 1)", "t=(0, 1e7)").replace(", exact=exact", ""),
        "warning axes: `t` spans 1e\\+07 and `x` 1,",
    ),
    "time is counted from long ago": (
        HEAT.replace("t=(0, 1)", "t=(20260101, 20260102)")
        .replace("t=0", "t=20260101")
        .replace(", exact=exact", ""),
        "warning axes: `t` varies by 1 around 2e\\+07.*count it from its start",
    ),
    "a weight is extreme": (
        POISSON.replace("@on(square.boundary)", "@on(square.boundary, weight=1e9)"),
        "warning weight: `dirichlet` weighs 1e\\+09 and `poisson` 1",
    ),
    "there are too few points for the waves": (
        POISSON.replace("pi * p.x", "20 * pi * p.x").replace("2 * pi**2", "401 * pi**2")
        + "quadrature = Sobol(30)\n",
        r"warning resolution: `poisson` has 30 points.*`Sobol\(\d+\)`",
    ),
    "the network is faster than the points": (
        POISSON + "quadrature = Sobol(500)\nfield = Siren(2, frequency=500.0)\n",
        "warning resolution: `poisson` has 500 points.*500 along x",
    ),
    "a boundary belongs to another domain": (
        POISSON.replace("on(square.boundary)", "on(Box(x=(0, 2), y=(0, 1)).boundary)"),
        "warning outside: `dirichlet` holds at .*where no equation does",
    ),
    "an absolute value has a kink": (
        POISSON.replace("lap(u) +", "lap(u) + abs(u) +").replace(", exact=exact", ""),
        r"note smooth: `poisson` takes the absolute value.*sqrt\(v",
    ),
    "a scan keeps few digits": (
        "from siren_pde import *\nimport torch\n"
        "x = (torch.rand(50, 2, dtype=torch.float64) + 5e6).float()\n"
        "@on(PointCloud(x, h=torch.rand(50)))\ndef measured(p, u):\n    return u - p.h\n"
        "problem = Problem(measured)\n",
        "warning precision: the points of `measured` are float32",
    ),
}


@pytest.fixture
def call(tmp_path):
    def run(text, *options):
        (tmp_path / "mine.py").write_text(dedent(text))
        return CliRunner().invoke(app, ["check", str(tmp_path / "mine.py"), *options])

    return run


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found(call, name):
    text, message = MISTAKES[name]
    result = call(text, "--json")
    answer = json.loads(result.stdout.splitlines()[-1])
    said = [f"{f['severity']} {f['kind']}: {f['message']}" for f in answer["findings"]]
    assert any(re.search(message, line) for line in said), said
    assert result.exit_code == int(any(line.startswith("error") for line in said))


@pytest.mark.parametrize("name", ["HEAT", "WAVE", "POISSON"])
def test_without_the_mistake_nothing_is_said(call, name):
    result = call(globals()[name])
    assert (result.exit_code, "nothing found" in result.stdout) == (0, True), result.stdout


def test_people_get_sentences_and_totals(call):
    result = call(HEAT.replace("(heat, start, ends, exact=exact)", "(heat, ends)"))
    assert result.exit_code == 1
    assert re.search(r"✗ error +u +The equation is of order 1 in t", result.stdout)
    assert "heat: 2 errors" in result.stdout and "\x1b" not in result.stdout
    assert call("x = 1").exit_code == 2


def test_an_ansatz_and_a_period_count_as_conditions():
    square = Box(x=(0, 1), y=(0, 1))

    @on(square)
    def poisson(p, u):
        return lap(u) + p.x

    def severe(field):
        return [f.kind for f in check(Problem(poisson), field) if f.severity != "note"]

    assert severe(Siren(2)) == ["boundary"]
    assert severe(Ansatz(Siren(2), vanishing_on=square.boundary)) == []
    assert severe(Siren(2, period=(1, 1))) == []


def test_checking_trains_nothing_and_needs_a_problem():
    seen = []

    def watched(condition):
        @functools.wraps(condition.residual)
        def residual(p, u):
            seen.append(len(p))
            return condition.residual(p, u)

        return replace(condition, residual=residual)

    problem = read_script(FOLDER / "poisson_cube.py").problem
    check(Problem(*map(watched, problem.conditions), exact=problem.exact))
    assert 0 < len(seen) < 200 and sum(seen) < 200_000
    with pytest.raises(ConfigError, match="needs a `Problem"):
        check(3)  # type: ignore[arg-type]
