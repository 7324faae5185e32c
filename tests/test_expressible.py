"""What once could not be written: one problem for each, against a truth that is not ours."""

import json

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.special import jn_zeros, jv
from typer.testing import CliRunner

from siren_pde import (
    Ball,
    Box,
    LeastSquares,
    Problem,
    Siren,
    System,
    complementarity,
    d,
    div,
    grad,
    interpolated,
    lap,
    maximum,
    on,
    solve,
    where,
)
from siren_pde.cli.app import app
from siren_pde.errors import ConfigError, ResidualError
from siren_pde.plots import plot_history
from tests.typed import loaded

LINE = np.linspace(0, 1, 201)
KINKED = LeastSquares(features=300, frequency=(300.0,))
"""For solutions with kinks: the search for frequencies stops early on their slow decay."""


def projected_relaxation(obstacle, sweeps=20_000, factor=1.97):
    """The discrete obstacle problem −u″ ≥ 0, u ≥ ψ, u = 0 at both ends, by projected SOR.

    Source: Cryer, SIAM J. Control 9 (1971). Red and black nodes are relaxed in turn.
    """
    u = np.maximum(obstacle, 0.0)
    u[[0, -1]] = 0.0
    for _ in range(sweeps):
        before = u.copy()
        for start in (1, 2):
            inner = slice(start, -1, 2)
            mean = (u[start - 1 : -2 : 2] + u[start + 1 :: 2]) / 2
            u[inner] = np.maximum(obstacle[inner], u[inner] + factor * (mean - u[inner]))
        if np.abs(u - before).max() < 1e-12:
            break
    return u


def test_an_obstacle_by_complementarity():
    line = Box(x=(-1, 1))
    x = 2 * LINE - 1
    truth = projected_relaxation(0.5 - 2 * x**2)

    @on(line)
    def membrane(p, u):
        # a tenth makes the force on the obstacle, 4, as large as the gap, 0.5
        return complementarity(u - (0.5 - 2 * p.x**2), -0.1 * lap(u), smoothing=3e-3)

    @on(line.boundary)
    def ends(p, u):
        return u

    solution = solve(Problem(membrane, ends), None, LeastSquares(features=250), quiet=True)
    apart = np.abs(solution(x).numpy() - truth)
    assert apart.max() < 3e-3  # 1.2e-3 when written
    assert np.sqrt(np.mean(apart**2)) < 1.5e-3


def test_a_tabulated_conductivity_of_the_unknown():
    temperatures, conductivities = [300, 350, 400, 450, 500], [1.0, 1.2, 1.7, 2.6, 4.0]
    k, rod = interpolated(temperatures, conductivities), Box(x=(0, 1))

    @on(rod)
    def conduction(p, u):
        return div(k(u) * grad(u))

    @on(rod.at(x=0))
    def cold(p, u):
        return u - 310

    @on(rod.at(x=1))
    def hot(p, u):
        return u - 490

    solution = solve(Problem(conduction, cold, hot), quiet=True)
    heat = CubicSpline(temperatures, conductivities).antiderivative()  # Kirchhoff's transform
    flux = heat(490) - heat(310)
    exact = [brentq(lambda v, x=x: heat(v) - heat(310) - x * flux, 300, 500) for x in LINE[::10]]
    assert np.abs(solution(LINE[::10]).numpy() - exact).max() < 1e-6


def test_a_tabulated_source_on_a_grid():
    square, nodes = Box(x=(0, 1), y=(0, 1)), np.linspace(0, 1, 33)
    modes = np.sin(np.pi * nodes)
    table = interpolated(nodes, nodes, 2 * np.pi**2 * modes[:, None] * modes)

    @on(square)
    def poisson(p, u):
        return lap(u) + table(p.x, p.y)

    @on(square.boundary)
    def edges(p, u):
        return u

    solution = solve(Problem(poisson, edges), quiet=True)
    assert float(solution([0.5, 0.5])) == pytest.approx(1, abs=1e-5)  # of the splines


def test_a_disk_in_time():
    disk, first = Ball(x=0, y=0, radius=1), float(jn_zeros(0, 1)[0])
    cylinder = disk * Box(t=(0, 0.5))
    radii = np.linspace(0, 2**0.5, 60)
    start_values = interpolated(radii, jv(0, first * radii))

    @on(cylinder)
    def heat(p, u):
        return d(u, p.t) - lap(u)

    @on(cylinder.at(t=0))
    def start(p, u):
        return u - start_values((p.x**2 + p.y**2) ** 0.5)

    @on(disk.boundary * Box(t=(0, 0.5)))
    def rim(p, u):
        return u

    solution = solve(Problem(heat, start, rim), None, LeastSquares(features=600), quiet=True)
    x = disk.from_unit(torch.rand((200, 2), generator=torch.Generator().manual_seed(0)).double())
    at = torch.cat([x.positions, torch.full((200, 1), 0.3, dtype=torch.float64)], 1)
    exact = jv(0, first * x.positions.norm(dim=1).numpy()) * np.exp(-(first**2) * 0.3)
    assert np.abs(solution(at).numpy() - exact).max() < 1e-6


def test_a_spring_that_only_pulls():
    line, stiffness = Box(x=(0, 1)), 30.0

    @on(line)
    def spring(p, u):
        return lap(u) - stiffness * maximum(u, 0)

    @on(line.boundary)
    def ends(p, u):
        return u - where(p.x < 0.5, -1.0, 1.0)

    root = stiffness**0.5
    zero = brentq(lambda z: np.sinh(root * (1 - z)) / (root * z) - 1, 0.1, 0.99)
    exact = np.where(LINE < zero, LINE / zero - 1, np.sinh(root * (LINE - zero)) / (root * zero))
    solution = solve(Problem(spring, ends), None, KINKED, quiet=True)
    assert np.abs(solution(LINE).numpy() - exact).max() < 2e-4  # 5e-5 when written


def test_a_load_on_part_of_a_beam():
    line = Box(x=(0, 1))

    @on(line)
    def cord(p, u):
        return lap(u) - where((p.x > 0.25) & (p.x < 0.5), 1.0, 0.0)

    @on(line.boundary)
    def ends(p, u):
        return u

    ramp = np.maximum(LINE - 0.25, 0) ** 2 / 2 - np.maximum(LINE - 0.5, 0) ** 2 / 2
    exact = ramp - LINE * ramp[-1]
    solution = solve(Problem(cord, ends), None, KINKED, quiet=True)
    assert (
        np.abs(solution(LINE).numpy() - exact).max() < 6e-3 * np.abs(exact).max()
    )  # 3e-3 when written


NAMES = """
from siren_pde import *

box = Box(x=(0, 1), y=(0, 1))

@on(box)
def {condition}(x, {unknown}, p):
    return lap({unknown}) - 1, p - d({unknown}, x.x)

@on(box.boundary)
def note(x, {unknown}):
    return {unknown}

problem = Problem({condition}, note)
field = System({unknown}=Siren(2, width=4, depth=1), p=Siren(2, width=4, depth=1))
method = GaussNewton()
"""


@pytest.mark.parametrize(
    ("condition", "unknown"),
    [("left", "u"), ("loss", "note"), ("step", "left"), ("budget", "x1"), ("elapsed", "field")],
)
def test_names_of_labels_and_of_points(tmp_path, monkeypatch, condition, unknown):
    monkeypatch.setenv("COLUMNS", "200")
    file = tmp_path / "mine.py"
    file.write_text(NAMES.format(condition=condition, unknown=unknown))
    options = ["--steps", "2", "--json", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, ["solve", str(file), *options])
    assert done.exit_code == 3, done.output
    answer = json.loads(done.stdout)
    assert answer["problem"] == condition and answer["steps"] == 2
    stored = loaded(tmp_path / "out" / "results.h5")
    fitted = stored.evaluate(lambda x, p: p, [[0.5, 0.5]])
    assert list(stored.field.networks()) == [unknown, "p"] and torch.isfinite(fitted).all()
    plot_history(stored, tmp_path / "history.png")
    assert (tmp_path / "out" / "field.png").exists() and (tmp_path / "history.png").exists()


def test_a_pressure_called_p():
    box = Box(x=(0, 1))

    @on(box)
    def momentum(x, u, p):
        return lap(u) - d(p, x.x), lap(p)

    @on(box.boundary)
    def ends(x, u, p):
        return u, p - x.x

    solution = solve(Problem(momentum, ends), System(u=Siren(1), p=Siren(1)), quiet=True)
    assert np.allclose(solution.evaluate(lambda x, p: p, LINE), LINE, atol=1e-6)
    assert np.allclose(solution.evaluate(lambda x, u: u, LINE), LINE * (LINE - 1) / 2, atol=1e-6)


@pytest.mark.parametrize("name", ["half", "type", "keys", "training"])
def test_names_that_torch_has_are_refused_with_others(name):
    with pytest.raises(ConfigError, match=rf"`System\({name}_=…\)`"):
        System(**{name: Siren(1)})
    assert list(System(self=Siren(1)).networks()) == ["self"]


def test_points_are_not_called_like_an_unknown():
    box = Box(x=(0, 1))

    @on(box)
    def momentum(p, u, q):
        return u + q

    with pytest.raises(ResidualError, match=r"Write `def momentum\(x, u, p\)`"):
        solve(Problem(momentum), System(u=Siren(1), p=Siren(1)), quiet=True)
