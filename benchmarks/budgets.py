"""Whether budgets are kept: what a solve takes, and how near it is, against the seconds given.

    python benchmarks/budgets.py [FILE …] [--seconds 5 20 60] [--threads N]

Every problem of `problems/`, or every file named, is solved as `siren-pde solve FILE --seconds S`
does, in one process after another. Seconds are those of the solve with its error bar, without the
start of Python; a row is OVER where they are more than 1.1 × S + 2. Files that take an argument,
or fit a scan before their problem is stated, take that time outside of the solve.
"""

import json
import math
import time
from pathlib import Path

import harness
import torch

from siren_pde import Budget, solve
from siren_pde.cli.script import read_script

PROBLEMS = Path(__file__).parents[1] / "problems"
GRACE = 1.1, 2.0
"""A solve may take the first times the seconds given, and the second on top."""
COLUMNS = {
    "problem": lambda row: row["problem"],
    "seconds given": lambda row: f"{row['given']:g}",
    "taken": lambda row: f"{row['taken']:.1f}{' OVER' if row['over'] else ''}",
    "for the error bar": lambda row: f"{row['judging']:.1f}",
    "error": lambda row: _figure(row["error"]),
    "error bar": lambda row: _figure(row["bar"]),
    "outcome": lambda row: row["outcome"],
    "method": lambda row: row["method"],
}


def _figure(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.1e}"


def files() -> list[str]:
    """The problem files that state a problem at their top level."""
    paths = sorted(PROBLEMS.glob("*.py"))
    return [str(path) for path in paths if "\nproblem = " in path.read_text()]


def measured(file: str, seconds: float, threads: int) -> dict:
    """One solve in this process."""
    torch.set_num_threads(threads)
    script = read_script(Path(file))
    started = time.perf_counter()
    solution = solve(
        script.problem,
        script.field,
        script.method,
        quadrature=script.quadrature,
        budget=Budget(seconds=seconds),
        quiet=True,
    )
    taken = time.perf_counter() - started
    known = script.problem.exact or script.problem.truth
    bar = solution.estimate
    return {
        "problem": Path(file).stem,
        "given": seconds,
        "taken": taken,
        "judging": bar.seconds,
        "over": taken > GRACE[0] * seconds + GRACE[1],
        "error": float(solution.error()) if known else None,
        "bar": float(bar.total) if bar.reliable else None,
        "outcome": solution.outcome.name,
        "method": solution.method,
    }


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("files", nargs="*", help="problem files; those of problems/ if none")
    parser.add_argument("--seconds", type=float, nargs="+", default=[5.0, 20.0, 60.0])
    parser.add_argument("--threads", type=int, default=harness.THREADS)
    parser.add_argument("--one", action="store_true", help="one solve in this process, as JSON")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measured(arguments.files[0], arguments.seconds[0], arguments.threads)))
        return
    harness.prepare(arguments.threads)
    rows = []
    print(harness.head(COLUMNS), flush=True)
    for file in arguments.files or files():
        for seconds in arguments.seconds:
            given = "--seconds", seconds, "--threads", arguments.threads
            rows.append(json.loads(harness.alone(__file__, "--one", file, *given).splitlines()[-1]))
            print(harness.cells(rows[-1], COLUMNS), flush=True)
    over = [f"{row['problem']} at {row['given']:g} s" for row in rows if row["over"]]
    print(f"{len(rows) - len(over)} of {len(rows)} within their budget; over: {over or 'none'}")
    harness.as_json(rows)


if __name__ == "__main__":
    main()
