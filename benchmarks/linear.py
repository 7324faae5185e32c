"""Linear problems by `solve(problem)` with no options, the search for frequencies included.

    python benchmarks/linear.py [--seeds N] [--only TEXT] [--log] [--threads N]

prints a Markdown table of the worst of N seeds (5) and one JSON line. Cancellation is what
evaluation in float64 adds, against the same coefficients in extended precision, as a share of
the error. The last column is the error of float32 least squares, evaluated in float32.
"""

import harness
import numpy as np
import torch
from cases import CASES

from siren_pde import LeastSquares, Siren, solve


def cancellation(s):
    """How far u in float64 is from u in extended precision, relative, at random points; NaN where
    the answer is no single network.
    """
    if not isinstance(s.field, Siren):
        return float("nan")
    low, high = (np.array(end) for end in s.problem.bounds)
    x = low + (high - low) * np.random.default_rng(0).random((1000, len(low)))
    network = s.field
    w, b, weight, bias = (q.detach().numpy().astype(np.longdouble) for q in network.layers)
    place = (x - network.centre.numpy()).astype(np.longdouble) * network.frequency.numpy()
    exact = np.sin(place @ w.T + b) @ weight[0] + bias[0]
    return float(np.linalg.norm(s(x).numpy() - exact) / np.linalg.norm(exact))


COLUMNS = {
    "problem": lambda row: row["problem"],
    "worst error": lambda row: f"{row['error']:.1e}",
    "worst seconds": lambda row: f"{row['seconds']:.2f}",
    "wanted": harness.wanted,
    "held": lambda row: "yes" if row["within"] else "no",
    "cancellation": lambda row: f"{row['cancellation']:.0%}",
    "float32": lambda row: f"{row['float32']:.1e}",
}


def figures(s):
    """Error, seconds, and the share of the error that rounding in evaluation has."""
    return s.error(), s.seconds, cancellation(s) / s.error()


def main():
    options = harness.seeded_parser(__doc__, seeds=5).parse_args()
    harness.prepare(options.threads)
    rows = []
    for name in harness.chosen(CASES, options.only):
        case = CASES[name]
        error, seconds, rounding = map(max, harness.solved(name, case.problem, options, figures))
        single = solve(case.problem, method=LeastSquares(dtype=torch.float32), quiet=True)
        rows.append(
            {
                "problem": name,
                "error": error,
                "seconds": seconds,
                "within": error <= case.error and seconds <= case.seconds,
                "wanted": [case.error, case.seconds],
                "cancellation": rounding,
                "float32": single.error(),
            }
        )
    harness.table(rows, COLUMNS)
    harness.as_json(rows)


if __name__ == "__main__":
    main()
