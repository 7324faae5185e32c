"""`siren-pde solve`: from a Python file to a solution, its pictures and its numbers."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from siren_pde.cli.answers import as_json
from siren_pde.cli.importing import beside, method_named
from siren_pde.cli.machine import Machine
from siren_pde.cli.script import Script, blaming, read_script
from siren_pde.errors import ConfigError, SirenPDEError, StorageError
from siren_pde.fields.base import Field
from siren_pde.fields.siren import Siren
from siren_pde.io.estimates import as_description
from siren_pde.io.solutions import save
from siren_pde.optimisers.base import Method
from siren_pde.optimisers.outcome import Outcome
from siren_pde.plots.solution import plot, plot_history
from siren_pde.solving.auto import Auto
from siren_pde.solving.progress import watching
from siren_pde.solving.report import Budget
from siren_pde.solving.solution import Solution
from siren_pde.solving.solve import Effort, solve

EXIT_CODES = {
    Outcome.converged: 0,
    Outcome.budget: 3,
    Outcome.stagnated: 4,
    Outcome.unresolved: 5,
    Outcome.non_finite: 6,
    Outcome.impossible: 7,
    Outcome.ill_posed: 8,
    Outcome.interrupted: 130,
}
"""1 is a crash, 2 a mistake in what was given, and 130 is what shells report for Ctrl-C."""

Options = Mapping[str, Any]
"""Keyword arguments that were given, by name."""


def run(
    file: Path,
    machine: Machine,
    *,
    method: str | None,
    network: Options,
    limits: Options,
    out: Path | None,
    estimate: Effort,
    json: bool,
) -> tuple[str, int]:
    """Solve the problem in `file`, write the results to `out`; what to print, and the exit code.

    `network` holds those of width, depth and frequency that were given, `limits` those of steps,
    seconds and target; what was not given is as the file says, or else as `solve` chooses.
    """
    script = read_script(file)
    machine.prepare()
    with beside(file):
        chosen = method_named(method) if method else script.method
    chosen, field = _with_network(script, chosen, network)
    folder = _folder(out or Path("runs") / file.stem)
    with blaming(file), watching() as report:
        solution = solve(
            script.problem,
            field,
            chosen,
            quadrature=script.quadrature,
            budget=replace(script.budget or Budget(), **limits),
            device=machine.device,
            dtype=machine.precision,
            seed=machine.seed,
            callbacks=[report],
            estimate=estimate,
        )
    save(solution, folder / "results.h5")  # before anything else of the user's can fail
    with blaming(file):
        error = solution.error() if script.problem.has_truth else None
    save(solution, folder / "results.h5", error=error)
    _draw(solution, folder)
    answer = _answer(solution, script.problem.name, error, folder, json)
    return answer, EXIT_CODES[solution.outcome]


def _with_network(
    script: Script, method: Method[Any] | None, given: Options
) -> tuple[Method[Any] | None, Field | nn.Module | None]:
    """The method and the field, in the sizes that were given."""
    inputs = len(script.problem.axes)
    if not given:
        return method, script.field
    if script.field is not None and not isinstance(script.field, Siren):
        raise ConfigError(
            f"{_options(given)} would change the file's own field, a "
            f"{type(script.field).__name__}. Change it in the file, or leave out the options."
        )
    if is_dataclass(method) and "features" in _fields(method):
        sizes = _feature_sizes(method, given, inputs)
        return replace(method, **sizes), script.field
    if script.field is not None:
        return method, script.field.like(**given)
    # A method that is still to be chosen has no network that suits it yet.
    suited = {} if method is None or isinstance(method, Auto) else vars(method.architecture)
    return method, Siren(inputs, **{**suited, **given})


def _feature_sizes(method: Method[Any], given: Options, inputs: int) -> Options:
    """The same for a method on frozen features: their number is the width of its one layer."""
    name = type(method).__name__
    if given.get("depth", 1) != 1:
        raise ConfigError(
            f"`{name}` has a single layer, got {_options(given)}. Leave out `--depth`, or solve "
            "with `--method gauss-newton`."
        )
    if "frequency" in given and "frequency" not in _fields(method):
        raise ConfigError(
            f"`{name}` finds its frequencies itself. Leave out `--frequency`, or solve with "
            "`--method least-squares`."
        )
    sizes: dict[str, Any] = {"features": given["width"]} if "width" in given else {}
    if "frequency" in given:
        sizes["frequency"] = (given["frequency"],) * inputs
    return sizes


def _fields(method: object) -> set[str]:
    return {each.name for each in fields(method)} if is_dataclass(method) else set()


def _options(given: Options) -> str:
    return ", ".join(f"`--{name} {value:g}`" for name, value in given.items())


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise StorageError(
            f"cannot make the folder `{path}`: {cause.strerror or cause}. Choose another `--out`."
        ) from cause
    return path


def _draw(solution: Solution, folder: Path) -> None:
    """Both pictures; a field that cannot be drawn is no reason to lose the rest."""
    plot_history(solution, folder / "history.png")
    try:
        plot(solution, folder / "field.png")
    except SirenPDEError as error:
        print(f"siren_pde: no picture of the field: {error}", file=sys.stderr)


def _answer(solution: Solution, name: str, error: float | None, folder: Path, json: bool) -> str:
    reference = solution.problem.truth if solution.problem else None
    truth = "" if error is None else reference.method if reference else "exact solution"
    if json:
        return as_json(
            {
                "problem": name,
                "method": solution.method,
                "why": solution.why,
                "error": error,
                "truth": truth,
                "truth_accuracy": reference.accuracy if reference else None,
                "estimate": as_description(solution.estimate),
                "residuals": dict(solution.residuals),
                "outcome": solution.outcome.name,
                "complete": solution.complete,
                "reached": solution.reached,
                "loss": solution.loss,
                "seconds": solution.seconds,
                "steps": solution.history.steps[-1] if solution.history.steps else 0,
                "stop_reason": solution.stop_reason,
                "parameters": solution.parameters,
                "out": str(folder),
            }
        )
    known = "unknown, as the problem has no exact solution or reference"
    if error is not None:
        until = f", up to {solution.part}" if solution.part else ""
        known = f"{error:.2e} (relative L²{until})"
    return "\n".join(
        [
            str(solution),
            f"{'error':<11}{known}",
            *([f"{'truth':<11}{truth}"] if truth else []),
            f"{'written':<11}{folder}: results.h5, field.png, history.png",
        ]
    )
