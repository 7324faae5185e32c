"""Linear problems by `solve(problem)` with no options, the search for frequencies included.

    python benchmarks/linear.py [--seeds N] [--only TEXT] [--log]

prints a Markdown table of the worst of N seeds (5), two threads, and one JSON line.
"""

import argparse
import json

import torch
from cases import CASES

from siren_pde import solve


def log(report):
    note = report.iterate.note or "start"
    print(f"    {report.seconds:6.2f} s  {note}")


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
            found.append((s.error(), s.seconds, s.stop_reason))
            if options.log:
                print(name, seed, *found[-1], flush=True)
        error, seconds = max(e for e, _, _ in found), max(t for _, t, _ in found)
        rows.append(
            {
                "problem": name,
                "error": error,
                "seconds": seconds,
                "within": error <= case.error and seconds <= case.seconds,
                "wanted": [case.error, case.seconds],
            }
        )
    print("| problem | worst error | worst seconds | wanted | held |\n|---|---|---|---|---|")
    for row in rows:
        wanted = "{:.0e} in {:g} s".format(*row["wanted"])
        held = "yes" if row["within"] else "no"
        print(
            f"| {row['problem']} | {row['error']:.1e} | {row['seconds']:.2f} | {wanted} | {held} |"
        )
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
