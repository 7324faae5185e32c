"""`siren-pde solve`: from a Python file to a solution, its pictures and its numbers."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from siren_pde.cli.answers import as_json
from siren_pde.cli.importing import beside, method_named
from siren_pde.cli.machine import Machine
from siren_pde.cli.network import Options, with_network
from siren_pde.cli.outcome import EXIT_CODES, said_by
from siren_pde.cli.script import Script, blaming, read_script
from siren_pde.errors import SirenPDEError, StorageError
from siren_pde.files.json_values import JSON, Description, record, text
from siren_pde.files.literals import Literal
from siren_pde.io.estimates import as_description
from siren_pde.io.solutions import save
from siren_pde.optimisers.outcome import Outcome
from siren_pde.plots.history import draw_course
from siren_pde.plots.report import write_report
from siren_pde.plots.solution import plot
from siren_pde.plots.style import plain
from siren_pde.plots.told_runs import ToldRun
from siren_pde.processes.attempts import begun, goes_on
from siren_pde.processes.launched import by_torchrun
from siren_pde.processes.processes import TIMEOUT, Processes
from siren_pde.runs.folder import LEFT, RESULTS, Run
from siren_pde.runs.machine import peak_memory
from siren_pde.runs.manifest import Manifest, now, problem_file
from siren_pde.runs.signals import deferred
from siren_pde.solving.prepare import EFFORTS, Effort
from siren_pde.solving.progress import watching
from siren_pde.solving.report import Budget, Callback, Every
from siren_pde.solving.solution import Solution
from siren_pde.solving.solve import solve
from siren_pde.solving.truths import Beside


@dataclass(frozen=True)
class Arguments:
    """What the command was given: `method` as it was written, `network` those of width, depth and
    frequency, `limits` those of steps, seconds and target that were given, when to write a
    checkpoint, and `assigned`, other values of names of the file.
    """

    file: Path
    machine: Machine
    method: str | None
    network: Options
    limits: Options
    estimate: Effort
    every: Every | None
    assigned: Mapping[str, Literal] = field(default_factory=dict)

    def described(self) -> Description:
        """As JSON, for the manifest; `every` is a matter of each start."""
        machine = {**vars(self.machine), "threads": torch.get_num_threads()}
        names = ("method", "network", "limits", "estimate", "assigned")
        kept = {name: getattr(self, name) for name in names}
        return {**kept, "file": str(self.file.resolve()), "machine": machine}

    @staticmethod
    def read(said: Description, limits: Options, every: Every | None) -> Arguments:
        """From a manifest, with other limits. Raises StorageError if they make no sense."""
        method, estimate = said.get("method"), text(said, "estimate")
        return Arguments(
            file=Path(text(said, "file")),
            machine=Machine.read(record(said.get("machine"), "machine")),
            method=None if method is None else text(said, "method"),
            network=dict(record(said.get("network"), "network")),
            limits={**record(said.get("limits"), "limits"), **limits},
            estimate=next((each for each in EFFORTS if each == estimate), "quick"),
            every=every,
            assigned=_values(record(said.get("assigned", {}), "assigned")),
        )


def _values(said: Description) -> dict[str, Literal]:
    """Values as they were given: JSON has lists for tuples."""

    def value(each: JSON) -> Literal:
        if isinstance(each, Mapping):
            raise StorageError(f"`assigned` holds {each!r:.80}, which is no plain value.")
        if each is None or isinstance(each, bool | int | float | str):
            return each
        return tuple(map(value, each))

    return {name: value(each) for name, each in said.items()}


def run(
    given: Arguments, *, out: Path | None, json: bool, timeout: float = TIMEOUT
) -> tuple[str, int]:
    """Solve the problem in a file, as a run in the folder `out`; what to print, and the exit code.

    What was not given is as the file says, or else as `solve` chooses. Where torchrun has started
    several processes, they wait `timeout` seconds for each other; the first writes the run, and
    what the others have to print is empty. Where torchrun begins again, the run goes on.
    """
    script = read_script(given.file, given.assigned)
    given.machine.prepare()
    processes = Processes.joined(given.machine.device, timeout=timeout)
    place = out or Path("runs") / given.file.stem
    resumes = bool(processes.agreed(processes.first and goes_on(place) and _there(place, given)))
    if not processes.first:
        return solved(script, given, place, resumes=resumes, json=json, processes=processes)
    with Run.opened(place) if resumes else Run.made(place) as folder:
        if not resumes:
            problem = problem_file(script.problem.name, given.file)
            folder.describe(Manifest(problem=problem, command=given.described()))
            begun(folder.path)
        return solved(script, given, folder, resumes=resumes, json=json, processes=processes)


def _there(place: Path, given: Arguments) -> bool:
    """Whether a folder has a run of the same command."""
    try:
        return as_json(Manifest.read(place).command) == as_json(given.described())
    except StorageError:
        return False


def solved(
    script: Script,
    given: Arguments,
    folder: Run | Path,
    *,
    resumes: bool,
    json: bool,
    processes: Processes,
) -> tuple[str, int]:
    """Solve what a script states, or go on with that, in a folder that is open; the path of one is
    for other processes than the first, which write nothing.
    """
    with beside(given.file):
        chosen = method_named(given.method) if given.method else script.method
    chosen, network = with_network(script, chosen, given.network)

    def solution_of(callbacks: Sequence[Callback], run: Run | None) -> Solution:
        return solve(
            script.problem,
            network,
            chosen,
            quadrature=script.quadrature,
            budget=_budget(script, given.limits),
            device=given.machine.device,
            dtype=given.machine.precision,
            seed=given.machine.seed,
            callbacks=callbacks,
            estimate=given.estimate,
            run=None if resumes else run,
            resume=folder if resumes else None,
            checkpoint_every=given.every,
            processes=processes,
        )

    if not isinstance(folder, Run):
        with blaming(given.file):
            solution_of([], None)
        return "", 0
    with ending(folder):
        with blaming(given.file), watching() as report:
            solution = solution_of([report], folder)
        with blaming(given.file):
            error = solution.error() if script.problem.has_truth else None
            largest = None if error is None else _largest(solution)
        save(solution, folder.path / RESULTS, error=error)
        _draw(solution, folder.path)
        answer = _answer(solution, script.problem.name, error, folder.path)
        answer |= {"error_max": largest, "memory": peak_memory()}
        folder.describe(replace(folder.manifest, result=answer, ended=now()))
        reported(folder)
    shown = as_json(answer) if json else _shown(solution, answer, folder.path)
    # torchrun takes any other code for a death, and ends or restarts all
    return shown, 0 if by_torchrun() else EXIT_CODES[solution.outcome]


@contextmanager
def ending(folder: Run) -> Iterator[None]:
    """Write in the manifest what kind of end an error or the user makes of the block."""
    try:
        yield
    except BaseException as error:
        kind = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        try:
            with deferred():
                said = folder.manifest
                if not said.ended:
                    why = str(error) or type(error).__name__
                    folder.describe(replace(said, outcome=kind, reason=why, ended=now()))
            if kind == "failed":  # who interrupts does not wait for pages
                reported(folder)
        except StorageError:
            pass  # the error under way says more, and this one often the same
        raise


def _budget(script: Script, limits: Options) -> Budget | None:
    """The file's own with other limits; None, which leaves it to `solve`, where nobody gave one."""
    given = script.budget is not None or limits
    return replace(script.budget or Budget(), **limits) if given else None


def reported(folder: Run) -> None:
    """Write the page of a run, and into the manifest that it is there; what cannot be written is no
    reason to lose the rest.
    """
    try:
        write_report(folder.path)
        folder.describe(folder.manifest)
    except SirenPDEError as error:
        print(f"siren_pde: no report: {error}", file=sys.stderr)


def _draw(solution: Solution, folder: Path) -> None:
    """Both pictures; a field that cannot be drawn is no reason to lose the rest."""
    run = ToldRun.read(folder)
    draw_course(run.course, plain(f"{run.name} by {run.method}"), folder / "history.png")
    try:
        plot(solution, folder / "field.png")
    except SirenPDEError as error:
        print(f"siren_pde: no picture of the field: {error}", file=sys.stderr)


def _largest(solution: Solution) -> float:
    """The error in the maximum norm, relative, at the points of `Solution.error`."""
    assert solution.problem is not None
    return Beside(solution.field, solution.problem, solution.part).largest(20_000, 12345)


def _answer(solution: Solution, name: str, error: float | None, folder: Path) -> dict[str, JSON]:
    reference = solution.problem.truth if solution.problem else None
    truth = "" if error is None else reference.method if reference else "exact solution"
    return {
        "problem": name,
        "method": solution.method,
        "why": solution.why,
        "error": error,
        "truth": truth,
        "truth_accuracy": reference.accuracy if reference else None,
        "estimate": as_description(solution.estimate),
        "residuals": dict(solution.residuals),
        "outcome": solution.outcome.name,
        "exit_code": EXIT_CODES[solution.outcome],
        "complete": solution.complete,
        "reached": solution.reached,
        "loss": solution.loss,
        "seconds": solution.seconds,
        "steps": solution.history.steps[-1] if solution.history.steps else 0,
        "stop_reason": solution.stop_reason,
        "parameters": solution.parameters,
        "out": str(folder),
    }


def _shown(solution: Solution, answer: Mapping[str, JSON], folder: Path) -> str:
    """The same for people."""
    error, truth = answer["error"], answer["truth"]
    known = "unknown, as the problem has no exact solution or reference"
    if error is not None:
        until = f", up to {solution.part}" if solution.part else ""
        known = f"{error:.2e} (relative L²{until})"
    on = solution.outcome in (Outcome.interrupted, Outcome.budget)
    return "\n".join(
        [
            str(solution),
            f"{'error':<11}{known}",
            *([f"{'truth':<11}{truth}"] if truth else []),
            f"{'written':<11}{folder}: {', '.join(LEFT)}",
            *([f"{'goes on':<11}siren-pde resume {folder}"] if on else []),
            *([said_by(folder, solution.outcome)] if by_torchrun() else []),
        ]
    )
