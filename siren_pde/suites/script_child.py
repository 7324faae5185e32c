"""A process of its own for a script that measures: its last line, JSON, becomes a run's result.

python -m siren_pde.suites.script_child FOLDER SCRIPT [ARGUMENT …]
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from siren_pde.files.json_values import JSON
from siren_pde.runs.machine import machine, versions
from siren_pde.runs.manifest import Manifest, now, problem_file

MEASURED = "measured"
"""The outcome of a script that has ended with a line of JSON."""


def measured(folder: Path, script: Path, arguments: Sequence[str]) -> int:
    """Run a script to its end, and write the manifest of that into a folder; its exit code.

    What it prints is passed on. Without a last line of JSON it has failed.
    """
    started, begun = now(), time.monotonic()
    words = [sys.executable, str(script), *arguments]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="", flush=True)
    if done.returncode:
        return done.returncode
    lines = done.stdout.strip().splitlines()
    try:
        said: JSON = json.loads(lines[-1] if lines else "")
    except ValueError as error:
        print(f"ValueError: the last line of `{script.name}` is no JSON: {error}", file=sys.stderr)
        return 1
    Manifest(
        kind="script",
        problem=problem_file(script.stem, script, keep=False),
        command={"arguments": list(arguments)},
        versions=versions(),
        machine=machine(),
        started=started,
        ended=now(),
        outcome=MEASURED,
        reason="it has measured what it was asked for",
        result={
            "seconds": round(time.monotonic() - begun, 3),
            "measured": dict(said) if isinstance(said, Mapping) else {"rows": said},
        },
    ).written(folder)
    return 0


if __name__ == "__main__":
    place, file, *rest = sys.argv[1:]
    sys.exit(measured(Path(place), Path(file), rest))
