"""`siren-pde sweep`: a problem for several values and seeds, each in a process of its own."""

from __future__ import annotations

import json as plain_json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from siren_pde.cli.assigning import assignments, reassigned
from siren_pde.errors import ConfigError, DataFileError
from siren_pde.files.json_values import JSON
from siren_pde.runs.lock import Lock
from siren_pde.suites import summary
from siren_pde.suites.members import Member, members
from siren_pde.suites.outcomes import Statement
from siren_pde.suites.places import Place, local, slurm
from siren_pde.suites.sweep import Job, Sweep

EXECUTORS = ("local", "slurm")
MINUTES = 24 * 60
"""What a job of a cluster may take, where no seconds are given."""
SPARE = 10
"""Minutes of a job beside its seconds: starting, estimating, drawing."""


@dataclass(frozen=True)
class Options:
    """What the command was given; `limits` are steps, seconds and target as far as given."""

    file: Path
    settings: Sequence[str]
    seeds: int
    jobs: int | None
    method: str | None
    limits: Mapping[str, Any]
    estimate: str
    out: Path | None
    executor: str
    force: bool


def run(given: Options, *, json: bool) -> tuple[str, int]:
    """Solve every member that has not been; what to print, and 0 if all converged, else 1."""
    if given.executor not in EXECUTORS:
        raise ConfigError(f"`--executor` is one of {', '.join(EXECUTORS)}, got `{given.executor}`.")
    values = assignments(given.settings)
    _require_names(given.file, values)
    every = members(values, given.seeds)
    root = given.out or Path("runs") / given.file.stem
    cores = len(os.sched_getaffinity(0))
    jobs = min(given.jobs or cores, len(every))
    threads = max(1, cores // jobs)
    sweep = Sweep([_job(given, threads, each, root) for each in every], threads, given.force)
    lock = Lock.made(root)
    try:
        rows = sweep.run(_place(given, root, jobs, threads), jobs, _say)
        summary.write(f"{given.file.stem}: {', '.join(given.settings) or 'seeds'}", rows, root)
    finally:
        lock.release()
    said = summary.as_values(given.file.stem, rows)
    written = f"written  {root}: {', '.join(summary.FILES)}"
    text = plain_json.dumps(said) if json else f"{summary.table(rows)}\n\n{written}"
    return text, int(any(row.outcome != "converged" for row in rows))


def _require_names(file: Path, values: Mapping[str, Sequence[Any]]) -> None:
    """Raise ConfigError, before anything is solved, for names that the file does not have."""
    if not file.is_file():
        raise DataFileError(f"there is no file `{file}`. Give the path of a Python file.")
    first = {name: each[0] for name, each in values.items()}
    try:
        reassigned(file.read_text(encoding="utf-8"), file, first)
    except (SyntaxError, UnicodeDecodeError) as cause:
        raise DataFileError(f"`{file}` cannot be read as Python: {cause}.") from cause


def _place(given: Options, root: Path, jobs: int, threads: int) -> Place:
    if given.executor == "local":
        return local(jobs)
    seconds = given.limits.get("seconds")
    minutes = MINUTES if seconds is None else int(seconds / 60) + SPARE
    return slurm(root / "slurm", threads, minutes)


def _job(given: Options, threads: int, member: Member, root: Path) -> Job[Member]:
    folder = member.folder(root)
    options: dict[str, JSON] = {
        "method": given.method,
        "limits": dict(given.limits),
        "network": {},
        "estimate": given.estimate,
        "assigned": dict(member.values),
    }
    return Job(
        member=member,
        label=member.label,
        folder=folder,
        statement=Statement.of(given.file, options),
        anew=_solve(given, threads, member, folder),
        go_on=(*_program(), "resume", str(folder), "--json"),
    )


def _program() -> tuple[str, ...]:
    return sys.executable, "-m", "siren_pde"


def _solve(given: Options, threads: int, member: Member, folder: Path) -> tuple[str, ...]:
    words = [*_program(), "solve", str(given.file), "--out", str(folder), "--json"]
    words += ["--seed", str(member.seed), "--threads", str(threads)]
    words += ["--estimate", given.estimate]
    words += [each for setting in member.settings for each in ("--set", setting)]
    words += ["--method", given.method] if given.method else []
    for name, value in given.limits.items():
        words += [f"--{name}", str(value)]
    return tuple(words)


def _say(text: str) -> None:
    print(f"siren_pde: {text}", file=sys.stderr, flush=True)
