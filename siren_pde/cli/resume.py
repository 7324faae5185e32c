"""`siren-pde resume`: a run goes on where it was stopped, killed, or ran out of its budget."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from siren_pde.cli import sdf, solve
from siren_pde.cli.answers import as_json
from siren_pde.cli.outcome import code_of
from siren_pde.cli.script import read_script
from siren_pde.errors import CheckpointError, ConfigError, StorageError
from siren_pde.files.json_values import text
from siren_pde.processes.launched import Launched, by_torchrun, require_alone
from siren_pde.processes.processes import TIMEOUT, Processes
from siren_pde.runs.folder import Run
from siren_pde.runs.manifest import Manifest
from siren_pde.solving.report import Every


def run(
    path: Path,
    *,
    limits: Mapping[str, Any],
    every: Every | None,
    json: bool,
    timeout: float = TIMEOUT,
) -> tuple[str, int]:
    """Go on with the run in a folder; what to print, and the exit code.

    `limits` are the steps and seconds that it may take in all, where they are given anew. A run
    that has ended says so, unless it ended for want of what it is now given. Several processes wait
    `timeout` seconds for each other; the first of them writes and has something to print.
    """
    said = Manifest.read(path)
    more = said.outcome == "budget" and bool(limits) and said.kind == "solve"
    if not more and said.finished and said.ended:
        return _ended(path, said, json)
    if said.kind == "sdf":
        require_alone("`siren-pde resume` of a surface", "Start it without torchrun.")
        with Run.opened(path) as folder:
            _require_same(Path(text(said.command, "points")), said)
            return sdf.resumed(said, folder, every=every, json=json)
    given = solve.Arguments.read(said.command, limits, every)
    processes = Processes.joined(given.machine.device, timeout=timeout)
    _require_same(given.file, said)
    given.machine.prepare()
    script = read_script(given.file, given.assigned)
    processes.all(True)  # all have read what the first one now writes to
    with Run.opened(path) if processes.first else nullcontext(path) as place:
        return solve.solved(script, given, place, resumes=True, json=json, processes=processes)


def _code(said: Manifest) -> int:
    """0 for a run that has ended, unless what it has left is no whole answer."""
    if said.result.get("complete") is not False:
        return 0
    return code_of(said) or 1


def every_named(given: str | None) -> Every | None:
    """How often, from "100" steps or "30s" seconds. Raises ConfigError for anything else."""
    if given is None:
        return None
    number, unit = (given[:-1], "s") if given.endswith("s") else (given, "")
    try:
        return Every(seconds=float(number)) if unit else Every(steps=int(number))
    except ValueError as cause:
        raise ConfigError(
            f"`--checkpoint-every {given}` is no interval: write steps, as in 100, or seconds, as "
            "in 30s."
        ) from cause


def _require_same(file: Path, said: Manifest) -> None:
    """Raise CheckpointError unless the file is what it was."""
    try:
        now = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as cause:
        raise StorageError(
            f"cannot read `{file}`, the problem of this run: {cause.strerror or cause}. Its text "
            "is in the manifest."
        ) from cause
    if now != said.problem.get("sha256"):
        raise CheckpointError(
            f"`{file}` has changed since this run began, and another problem cannot be continued. "
            "Restore it, its text is in the manifest, or begin a new run with `siren-pde solve`."
        )


def _ended(path: Path, said: Manifest, json: bool) -> tuple[str, int]:
    """What the first process says of a run that has ended, and the exit code."""
    code = 0 if by_torchrun() else _code(said)
    if Launched.here().rank:
        return "", code
    with Run.opened(path):  # nobody writes there
        pass
    if json:
        return as_json({**said.result, "outcome": said.outcome, "out": str(path)}), code
    extended = ""
    if said.outcome == "budget":
        extended = " Give it more in all, `--seconds` or `--steps`, and it goes on."
    return f"this run has ended ({said.outcome}): {said.reason}.{extended}", code
