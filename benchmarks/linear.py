"""Linear problems by `solve(problem)` with no options, the search for frequencies included.

    python benchmarks/linear.py [--seeds N] [--only TEXT] [--log]

prints a Markdown table of the worst of N seeds (5), two threads, and one JSON line. Cancellation is
what evaluation in float64 adds, against the same coefficients in extended precision, as a share of
the error. The last column is the error of float32 least squares, evaluated in float32.
"""

import argparse
import json

import numpy as np
import torch
from cases import CASES

from siren_pde import LeastSquares, solve


def log(report):
    note = report.iterate.note or "start"
    print(f"    {report.seconds:6.2f} s  {note}")


def cancellation(s):
    """How far u in float64 is from u in extended precision, relative, at random points."""
    low, high = (np.array(end) for end in s.problem.bounds)
    x = low + (high - low) * np.random.default_rng(0).random((1000, len(low)))
    network = s.field
    w, b, weight, bias = (q.detach().numpy().astype(np.longdouble) for q in network.layers)
    place = (x - network.centre.numpy()).astype(np.longdouble) * network.frequency.numpy()
    exact = np.sin(place @ w.T + b) @ weight[0] + bias[0]
    return float(np.linalg.norm(s(x).numpy() - exact) / np.linalg.norm(exact))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="", help="problems whose name holds this text")
    parser.add_argument("--log", action="store_true", help="print what each solve tries")
    options = parser.parse_args()
    torch.set_num_threads(2)
    rows = []
    for name, case in CASES.items():
        if options.only not in name:
            continue
        found = []
        for seed in range(options.seeds):
            s = solve(case.problem, seed=seed, quiet=True, callbacks=[log] * options.log)
            found.append((s.error(), s.seconds, cancellation(s) / s.error()))
            if options.log:
                print(name, seed, *found[-1], s.stop_reason, flush=True)
        error, seconds, rounding = (max(column) for column in zip(*found, strict=True))
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
    print("| problem | worst error | worst seconds | wanted | held | cancellation | float32 |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        wanted = "{:.0e} in {:g} s".format(*row["wanted"])
        held = "yes" if row["within"] else "no"
        figures = f"{row['error']:.1e} | {row['seconds']:.2f} | {wanted} | {held}"
        print(
            f"| {row['problem']} | {figures} | {row['cancellation']:.0%} | {row['float32']:.1e} |"
        )
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
