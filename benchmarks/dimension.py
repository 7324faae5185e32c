"""−Δu = π² Σ cos πxᵢ on unit cubes of many dimensions, u = Σ cos πxᵢ, by `solve` with no options.

    python benchmarks/dimension.py [--seeds N]

prints a Markdown table of the worst of N seeds (3), two threads, and one JSON line. The solution is
a sum of functions of one coordinate, and the search for features finds that out: it begins with
waves along one axis. The last row takes that away, with a solution that is no such sum.
"""

import argparse
import json

import torch
from cases import cosines, dirichlet

from siren_pde import Box, cos, lap, pi, solve


def oblique(dimension):
    """−Δu = π² u for u = cos(π k·x) with k along the diagonal: a wave along all axes at once."""
    box = Box(**{f"x{i}": (0, 1) for i in range(dimension)})

    def exact(p):
        return cos(pi / dimension**0.5 * sum(p))

    return dirichlet(box, exact, lambda u: -lap(u), lambda p: pi**2 * exact(p))


CASES = {
    "5-D, sum of cosines": (cosines(5), 1e-6, 60),
    "10-D, sum of cosines": (cosines(10), 1e-4, 600),
    "100-D, sum of cosines": (cosines(100), 5e-3, 900),
    "5-D, oblique wave": (oblique(5), None, None),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="", help="problems whose name holds this text")
    options = parser.parse_args()
    torch.set_num_threads(2)
    rows = []
    for name, (problem, wanted, seconds) in CASES.items():
        if options.only not in name:
            continue
        found = [solve(problem, seed=seed, quiet=True) for seed in range(options.seeds)]
        rows.append(
            {
                "problem": name,
                "error": max(s.error(2000) for s in found),
                "seconds": max(s.seconds for s in found),
                "wanted": [wanted, seconds],
            }
        )
    print("| problem | worst error | worst seconds | wanted |\n|---|---|---|---|")
    for row in rows:
        error, seconds = row["wanted"]
        wanted = f"{error:.0e} in {seconds} s" if error else ""
        print(f"| {row['problem']} | {row['error']:.1e} | {row['seconds']:.2f} | {wanted} |")
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
