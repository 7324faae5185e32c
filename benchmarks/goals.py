"""Numbers wanted of the gallery's solutions, their error bars, and their true errors.

    python benchmarks/goals.py [--only NAME]

prints, for coarse answers by few features and for converged ones, a Markdown table and one JSON
line. A bar is right if it is within a factor of two of the true error, but for rounding.
"""

import goal_cases
import harness

from siren_pde import solve

COLUMNS = {
    "problem": lambda row: row["problem"],
    "answer": lambda row: row["answer"],
    "goal": lambda row: row["goal"],
    "value": lambda row: f"{row['value']:.6g}",
    "bar": lambda row: f"{row['bar']:.1e}",
    "true error": lambda row: f"{abs(row['error']):.1e}",
    "right": lambda row: "yes" if row["right"] else "no",
    "seconds": lambda row: f"{row['seconds']:.1f}",
}


def rows_of(name: str, converged: bool) -> list[dict]:
    """The goals of a problem."""
    m = goal_cases.module(name)
    method = getattr(m, "method", None) if converged else goal_cases.coarse(name)
    solution = solve(m.problem, getattr(m, "field", None), method, quiet=True)
    rows = []
    for wanted in goal_cases.CASES[name].goals(m):
        seconds, (goal, error, rounding) = harness.timed(
            lambda wanted=wanted: goal_cases.compared(m, solution, wanted)
        )
        rows.append(
            {
                "problem": name,
                "answer": "converged" if converged else "coarse",
                "goal": wanted.name,
                "value": goal.value,
                "bar": goal.error,
                "error": error,
                "right": goal_cases.right_within(2, goal.error, error, rounding),
                "seconds": seconds,
            }
        )
    return rows


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--only", default="", help="problems whose name holds this text")
    only = parser.parse_args().only
    harness.prepare()
    names = [*harness.chosen(goal_cases.CASES, only)]
    rows = [row for name in names for k in (False, True) for row in rows_of(name, k)]
    harness.table(rows, COLUMNS)
    harness.as_json(rows)


if __name__ == "__main__":
    main()
