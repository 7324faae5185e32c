"""What a march has not solved is said so: by the solution, its file, its picture, its JSON."""

import json
import math
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from siren_pde import Auto, Box, Budget, Every, Marching, Problem, Propagator, d, load, on, solve
from siren_pde.cli.app import app
from siren_pde.io.solutions import about, save
from siren_pde.local_features.lines import LocalLines
from siren_pde.optimisers.base import Iterate, Method, Spent
from siren_pde.optimisers.outcome import Outcome
from siren_pde.optimisers.reached import Reached
from siren_pde.plots.slices import slice_of
from siren_pde.random_features.lines import MethodOfLines
from siren_pde.solving.prepare import Call, prepared
from siren_pde.solving.report import Report
from siren_pde.solving.solved import solved_part
from tests.typed import known, loaded, module_at

NAMES = ("burgers", "kdv")
PROBLEMS = {n: module_at(Path("problems") / f"{n}.py", f"partial_{n}").problem for n in NAMES}
ROOMY = 0.15
"""The first crossing, which is coarse, has less than this relative error where it is solved."""


class Clock:
    """A clock that moves by a fifth of a second whenever it is read."""

    now = 0.0

    def monotonic(self):
        self.now += 0.2
        return self.now


def interrupting(report: Report) -> None:
    if report.iterate.reached is not None and report.iterate.reached.anything:
        raise KeyboardInterrupt


def stopped(name, how, monkeypatch):
    """A march that is cut short in one of three ways."""
    clock = Clock()
    for module in ("solving.loop.time", "solving.course.time", "random_features.lines.clock"):
        monkeypatch.setattr(f"siren_pde.{module}", clock)
    budget = {"steps": Budget(steps=3), "seconds": Budget(seconds=1)}.get(how, Budget(seconds=60))
    callbacks = [Every(steps=1)(interrupting)] if how == "interrupt" else []
    return solve(PROBLEMS[name], budget=budget, callbacks=callbacks, estimate="none", quiet=True)


def grid(problem, t):
    """Positions all over space, at times t (n,)."""
    (low, *_), (high, *_) = problem.bounds
    x = torch.linspace(low, high, 101, dtype=torch.float64)
    return torch.stack([part.flatten() for part in torch.meshgrid(x, t, indexing="ij")], 1)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("how", ["steps", "seconds", "interrupt"])
def test_what_is_solved_is_right_and_the_rest_is_nan(name, how, monkeypatch):
    answer = stopped(name, how, monkeypatch)
    problem, end = PROBLEMS[name], known(answer.reached)
    low, high = problem.bounds[0][1], problem.bounds[1][1]
    assert low < end < high and not answer.complete
    assert answer.outcome is (Outcome.interrupted if how == "interrupt" else Outcome.budget)
    solved = answer(grid(problem, torch.linspace(low, end, 9, dtype=torch.float64)))
    assert bool(solved.isfinite().all())
    assert answer.error() < ROOMY and answer.residuals
    beyond = torch.linspace(end + 1e-6 * (high - low), high, 9, dtype=torch.float64)
    with pytest.warns(UserWarning, match=f"solved up to t = {end:.4g} only"):
        assert bool(answer(grid(problem, beyond)).isnan().all())
    with warnings.catch_warnings():  # it has been said
        warnings.simplefilter("error")
        slope = answer.evaluate(lambda p, u: d(u, p.x), grid(problem, beyond))
    assert bool(slope.isnan().all())


@pytest.fixture(scope="module")
def burgers():
    """Burgers' equation until some time before its end."""
    with pytest.MonkeyPatch.context() as patch:
        return stopped("burgers", "interrupt", patch)


def test_a_picture_is_grey_where_nothing_is_solved(burgers):
    cut = slice_of(burgers)
    t = cut.ticks[1]
    fitted, exact = cut.outputs[0].values, known(cut.outputs[0].exact)
    assert np.isfinite(exact).all()
    assert np.array_equal(np.isnan(fitted), np.broadcast_to(t > burgers.reached, fitted.shape))
    figure = burgers.plot()
    assert "not solved beyond $t = " in figure.get_suptitle()
    image = next(axes for axes in figure.axes if axes.images).images[0].get_array()
    assert image.mask.mean() == pytest.approx(1 - burgers.reached, abs=0.01)


def test_curves_in_time_have_a_grey_part(burgers):
    lonely = known(slice_of(burgers, {"x": 0.25}))
    assert lonely.axes == ("t",) and np.isnan(lonely.outputs[0].values).any()


def test_a_file_remembers_how_far_it_goes(burgers, tmp_path):
    save(burgers, tmp_path / "a.h5")
    assert about(tmp_path / "a.h5")["reached"] == {
        "axis": "t",
        "start": 0.0,
        "value": burgers.reached,
        "going": True,
    }
    back = loaded(tmp_path / "a.h5")
    assert (back.part, back.complete) == (burgers.part, False)
    with pytest.warns(UserWarning, match="solved up to"):
        assert math.isnan(back([[0.5, 1.0]]))
    assert load(tmp_path / "a.h5", PROBLEMS["burgers"]).error() == burgers.error()  # type: ignore[union-attr]


def test_a_goal_beyond_is_nan_and_one_before_has_no_bar(burgers):
    strip = next(c.domain for c in PROBLEMS["burgers"].conditions if c.domain.dimension == 2)
    beyond = burgers.goal(lambda p, u: u, strip)
    before = burgers.goal(lambda p, u: u * u, strip.at(t=burgers.reached / 2), mean=True)
    for goal in (beyond, before):
        assert "has reached t = " in goal.why and math.isnan(goal.error)
    assert math.isnan(beyond.value) and 0.2 < before.value < 0.8


def test_the_command_says_so_and_does_not_succeed(tmp_path, monkeypatch):
    monkeypatch.setattr("siren_pde.random_features.lines.clock", Clock())
    command = ["solve", "problems/burgers.py", "--steps", "3", "--out", str(tmp_path), "--json"]
    result = CliRunner().invoke(app, [*command, "--estimate", "none"])
    answer = json.loads(result.stdout.splitlines()[-1])
    assert answer["complete"] is False and 0 < answer["reached"] < 1
    assert result.exit_code == 3 and answer["outcome"] == "budget"
    assert answer["error"] < ROOMY


STRIP = Box(x=(0, 1), t=(0, 2))


@on(STRIP)
def heat(p, u):
    return d(u, p.t) - d(u, p.x, p.x)


@on(STRIP.at(x=0) | STRIP.at(x=1))
def ends(p, u):
    return u


@on(STRIP.at(t=0))
def start(p, u):
    return u - p.x * (1 - p.x)


WARM = Problem(heat, ends, start)


@pytest.mark.parametrize(
    "method", [Marching(), Propagator(), MethodOfLines(), LocalLines(), Auto()]
)
def test_little_is_solved_at_the_start_of_a_march(method, monkeypatch):
    """And without slabs, all is: `Auto` takes least squares."""
    monkeypatch.setattr("siren_pde.random_features.lines.STRIDE", 0.0)
    answer = solve(WARM, None, method, budget=Budget(steps=1), estimate="none", quiet=True)
    if answer.complete:
        assert isinstance(method, Auto) and answer.reached is None
        return
    assert 0.0 <= known(answer.reached) < 2.0
    with pytest.warns(UserWarning, match="solved up to"):
        assert math.isnan(answer([[0.5, 1.9]]))


class Hasty(Method[None]):
    """Claims to have converged half-way."""

    name, dtype = "hasty", torch.float64
    architecture = MethodOfLines().architecture

    def start(self, objective):
        theta = objective.parameters
        reached = Reached("t", 0.0, 1.0)
        return Iterate(objective, theta, objective.loss(theta), None, reached=reached)

    def step(self, at: Iterate[None], spent: Spent) -> Iterate[None]:
        return replace(at, finished="done")

    def points(self, parameters: int) -> int:
        return 64


def test_a_part_has_not_converged():
    """Not even where its loss has reached a target: it is not that of the problem."""
    budget = Budget(target=1e9)
    answer = solve(WARM, None, Hasty(), budget=budget, estimate="none", quiet=True)
    assert answer.outcome is Outcome.unresolved and answer.reached == 1.0
    assert "not solved to the end" in answer.stop_reason


def test_terms_are_those_of_the_solved_part():
    at = Hasty().start(prepared(Call(problem=WARM, method=Hasty())).objective)
    report = Report(0, 0.0, 0.0, at, 0.0, Hasty())
    moved = solved_part(at.objective, Reached("t", 0.0, 0.5)).collocated
    times = {rows.condition.name: rows.points.positions[:, 1] for rows in moved.rows}
    assert float(times["heat"].max()) <= 0.5 and not times["start"].any()
    assert float(times["ends"].max()) <= 0.5
    assert set(report.terms()) == {"heat", "ends", "start"}


def test_reached_is_strict_but_for_rounding():
    half = Reached("t", 0.0, 0.5)
    t = torch.tensor([0.0, 0.5, 0.5 * (1 + 1e-15), 0.5 + 1e-9], dtype=torch.float64)
    assert half.beyond(t).tolist() == [False, False, False, True]
    assert half.beyond(torch.tensor([0.5 + 1e-8], dtype=torch.float32)).tolist() == [False]
    assert Reached("t", 0.0, 0.0).beyond(t).all() and str(half) == "t = 0.5"
