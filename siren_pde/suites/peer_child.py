"""A process of its own for a peer: the lines that it writes become the files of a run.

python -m siren_pde.suites.peer_child FOLDER SCRIPT PROBLEM SECONDS SEED THREADS
"""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from siren_pde.errors import ConfigError, StorageError
from siren_pde.files.json_values import JSON, Description
from siren_pde.optimisers.outcome import Outcome
from siren_pde.runs.folder import CLOCK, METRICS
from siren_pde.runs.lines import Lines
from siren_pde.runs.machine import machine, versions
from siren_pde.runs.manifest import Manifest, now, problem_file
from siren_pde.suites.peers import PeerSolve

SAID = "said.jsonl"
"""What the peer has written, in its folder."""
LONGER, STARTING = 3.0, 300.0
"""It has so many times its seconds, and so many for imports and compilation, before it is ended."""


def solved(folder: Path, task: PeerSolve, seed: int, threads: int) -> int:
    """Run a peer to its end, and write the run that its lines tell of; its exit code.

    Raises ConfigError if it is not installed, TimeoutExpired if it does not end, StorageError for
    lines that tell of no result.
    """
    if not task.python.is_file():
        raise ConfigError(
            f"the peer `{task.name}` is not installed: there is no `{task.python}`. Write "
            f"`make peers`, which says why where that fails."
        )
    started, said = now(), Lines(folder / SAID)
    words = [str(task.python), str(task.script), task.problem, "--seconds", str(task.seconds)]
    words += ["--seed", str(seed), "--threads", str(threads), "--out", str(said.path)]
    done = subprocess.run(words, timeout=LONGER * task.seconds + STARTING, check=False)
    if done.returncode:
        return done.returncode
    rows = said.rows()
    result = told(rows, task.name)
    *course, _ = [row for row in rows if row.get("event") == "error"]  # the last is the result's
    _write(folder / METRICS, [{"step": i, "error": row["error"]} for i, row in enumerate(course)])
    _write(folder / CLOCK, [{"step": i, "seconds": row["seconds"]} for i, row in enumerate(course)])
    over = float(str(result["seconds"])) >= task.seconds
    Manifest(
        problem=problem_file(task.problem, task.script, keep=False),
        command=task.options,
        versions=versions(),
        machine=machine(),
        started=started,
        ended=now(),
        outcome=(Outcome.budget if over else Outcome.converged).name,
        reason="its time is over" if over else "it has ended by itself",
        result=result,
    ).written(folder)
    return 0


def told(rows: Sequence[Description], name: str) -> dict[str, JSON]:
    """The result that lines tell of. Raises StorageError if they do not tell it."""
    events = {str(row.get("event")): row for row in rows}
    end, last = events.get("ended"), events.get("error")
    if end is None or last is None:
        raise StorageError(f"the peer `{name}` has ended without a line `ended`, or no `error`.")
    return {
        "method": end.get("recipe"),
        "seconds": end.get("seconds"),
        "error": last.get("error"),
        "error_max": last.get("error_max"),
        "truth": "exact solution",
        "parameters": end.get("parameters"),
        "memory": 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
        "peer": {
            "versions": end.get("versions"),
            "imported": events.get("imported", {}).get("seconds"),
            "compiled": events.get("compiled", {}).get("seconds"),
        },
    }


def _write(path: Path, rows: Sequence[Description]) -> None:
    lines = Lines(path)
    lines.started()
    for row in rows:
        lines.append(row)


def main(words: Sequence[str]) -> int:
    """By the command line; failures are one line, beginning with their type."""
    folder, script, problem, seconds, seed, threads = words
    task = PeerSolve(Path(script), problem, float(seconds))
    try:
        return solved(Path(folder), task, int(seed), int(threads))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except (ConfigError, StorageError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    except subprocess.TimeoutExpired as error:
        print(f"TimeoutError: it did not end in {error.timeout:.0f} s", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
