"""−Δu = π² Σ cos πxᵢ on unit cubes of many dimensions, u = Σ cos πxᵢ, by `solve` with no options.

    python benchmarks/dimension.py [--seeds N] [--only TEXT] [--log]

prints a Markdown table of the worst of N seeds (3) and one JSON line. The solution is
a sum of functions of one coordinate, and the search for features finds that out: it begins with
waves along one axis. The last row takes that away, with a solution that is no such sum.
"""

import harness
from cases import cosines, dirichlet

from siren_pde import Box, cos, lap, pi


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
COLUMNS = {
    "problem": lambda row: row["problem"],
    "worst error": lambda row: f"{row['error']:.1e}",
    "worst seconds": lambda row: f"{row['seconds']:.2f}",
    "wanted": harness.wanted,
}


def main():
    options = harness.seeded_parser(__doc__, seeds=3).parse_args()
    harness.prepare(options.threads)
    rows = []
    for name in harness.chosen(CASES, options.only):
        problem, *wanted = CASES[name]
        errors, seconds = harness.solved(
            name, problem, options, lambda s: (s.error(2000), s.seconds)
        )
        rows.append(
            {"problem": name, "error": max(errors), "seconds": max(seconds), "wanted": wanted}
        )
    harness.table(rows, COLUMNS)
    harness.as_json(rows)


if __name__ == "__main__":
    main()
