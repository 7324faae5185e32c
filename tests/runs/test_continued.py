"""A solve that was stopped goes on as if it had not been: the same numbers, the same course."""

from pathlib import Path
from typing import Any

import pytest
import torch

from siren_pde import (
    LBFGS,
    Adam,
    Box,
    Broyden,
    Budget,
    Every,
    GaussNewton,
    LeastSquares,
    Marching,
    MonteCarlo,
    Problem,
    Siren,
    Stop,
    d,
    on,
    pi,
    sin,
    solve,
)
from siren_pde.errors import CheckpointError, ConfigError
from siren_pde.runs.checkpoints import Checkpoints

line = Box(x=(0, 1))


@on(line)
def bratu(p, u):
    return d(u, p.x, p.x) + u**2 - sin(pi * p.x)


@on(line.boundary)
def ends(p, u):
    return u


interval = Box(t=(0, 2))


@on(interval)
def logistic(p, u):
    return d(u, p.t) - u * (1 - u)


@on(interval.at(t=0))
def initial(p, u):
    return u - 0.1


steady = Problem(bratu, ends)
growth = Problem(logistic, initial)
small = Siren(1, width=6, depth=2)
CASES: dict[str, Any] = {
    "Adam": (steady, small, Adam(batch=32), 230),
    "Adam on fixed points": (steady, small, Adam(batch=32, fresh=False), 130),
    "Gauss-Newton": (steady, small, GaussNewton(refresh=3), 9),
    "L-BFGS": (steady, small, LBFGS(inner=3), 14),
    "Broyden": (steady, small, Broyden(), 14),
    "least squares": (steady, None, LeastSquares(most=120), 6),
    "slabs": (growth, None, Marching(features=12, tolerance=1e-6), 8),
    "automatic": (steady, None, None, 4),
}


def at_step(step):
    """A callback that stops a solve there, but not one that goes on from there."""

    def stop(report):
        return Stop("enough for now") if report.step == step else None

    return Every(steps=1)(stop)


def course(folder):
    return (folder / "metrics.jsonl").read_bytes()


def parameters(solution):
    return torch.cat([q.flatten() for q in solution.field.parameters()])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("rule", [None, MonteCarlo(40)], ids=["Sobol", "Monte Carlo"])
def test_a_resumed_solve_equals_an_undisturbed_one(name, rule, tmp_path: Path) -> None:
    problem, field, method, steps = CASES[name]
    given: dict[str, Any] = {
        "quadrature": rule,
        "budget": Budget(steps=steps),
        "estimate": "none",
        "quiet": True,
    }
    whole = solve(problem, field, method, run=tmp_path / "whole", **given)
    for stop in (steps // 3, steps // 2):
        again: dict[str, Any] = (
            {"resume": tmp_path / "parts"} if (tmp_path / "parts").exists() else given
        )
        place: dict[str, Any] = {} if again is not given else {"run": tmp_path / "parts"}
        at = [at_step(stop)]
        part = solve(problem, field, method, callbacks=at, **{"quiet": True, **again}, **place)
        assert part.stop_reason in ("enough for now", whole.stop_reason)
    last = solve(problem, resume=tmp_path / "parts", quiet=True)
    assert torch.equal(parameters(last), parameters(whole))
    assert course(tmp_path / "parts") == course(tmp_path / "whole")
    assert (last.loss, last.outcome, last.method) == (whole.loss, whole.outcome, whole.method)
    assert last.history.steps == whole.history.steps and last.history.terms == whole.history.terms


def test_a_checkpoint_of_other_circumstances_is_refused(tmp_path: Path) -> None:
    budget = Budget(steps=20)
    solve(steady, small, Adam(batch=16), budget=budget, run=tmp_path, quiet=True, estimate="none")
    more: dict[str, Any] = {"budget": Budget(steps=30), "resume": tmp_path, "quiet": True}

    @on(line)
    def other(p, u):
        return d(u, p.x, p.x) + u**2 - 2 * sin(pi * p.x)

    changes: list[tuple[dict[str, Any], str]] = [
        ({"seed": 3}, "seed 3, as it was made with 0"),
        ({"dtype": torch.float64}, "made with torch.float32"),
        ({"method": Adam(batch=32)}, r"with method Adam.*batch=32.* made with Adam.*batch=16"),
    ]
    for change, said in changes:
        with pytest.raises(CheckpointError, match=said):
            solve(steady, **change, **more)
    with pytest.raises(CheckpointError, match="another problem"):
        solve(Problem(other, ends), small, **more)
    with pytest.raises(CheckpointError, match="threads"):
        threads = torch.get_num_threads()
        torch.set_num_threads(threads + 1)
        try:
            solve(steady, **more)
        finally:
            torch.set_num_threads(threads)
    with pytest.raises(CheckpointError, match="began without a quadrature"):
        solve(steady, quadrature=MonteCarlo(16), **more)
    with pytest.raises(ConfigError, match="give one of them"):
        solve(steady, run=tmp_path / "other", **more)
    assert solve(steady, **more).history.steps[-1] == 30


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, capsys) -> None:
    given: dict[str, Any] = {"budget": Budget(steps=40), "estimate": "none"}
    every = Every(steps=10)
    whole = solve(steady, small, Adam(batch=16), run=tmp_path, checkpoint_every=every, **given)
    names = Checkpoints(tmp_path / "checkpoints").names
    assert names == ["step-40.h5", "step-30.h5", "best.h5"]
    path = tmp_path / "checkpoints" / "step-40.h5"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    again = solve(steady, resume=tmp_path)
    assert "damaged" in capsys.readouterr().err
    assert torch.equal(parameters(again), parameters(whole))
