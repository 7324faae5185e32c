"""`siren-pde outcome`: how a run has ended, in a line and as an exit code."""

from __future__ import annotations

from pathlib import Path

from siren_pde.cli.answers import as_json
from siren_pde.optimisers.outcome import Outcome
from siren_pde.runs.manifest import RUNNING, Manifest

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


def code_of(said: Manifest) -> int:
    """What the command of a run has ended with, or would have without torchrun; 1 for one that
    failed, or has not ended. A surface that was fitted is 0.
    """
    known = {outcome.name: code for outcome, code in EXIT_CODES.items()}
    if said.kind == "sdf" and said.finished:
        return 0
    return known.get(said.outcome, 1)


def run(folder: Path, *, json: bool) -> tuple[str, int]:
    """What to print about the end of a run, and the exit code. Raises StorageError for no run."""
    said = Manifest.read(folder)
    code = code_of(said)
    if json:
        words = {"outcome": said.outcome, "exit_code": code, "stop_reason": said.reason}
        return as_json({**words, "out": str(folder)}), code
    reason = "it is under way, or was killed" if said.outcome == RUNNING else said.reason
    return f"{said.outcome}: {reason}" if reason else said.outcome, code


def said_by(folder: Path, outcome: Outcome) -> str:
    """A line for those whom torchrun does not tell the exit code."""
    code = f"{EXIT_CODES[outcome]} ({outcome.name}), by `siren-pde outcome {folder}`"
    return f"{'exit code':<11}{code}; that of torchrun is 0 for every end"
