"""Ordinary differential equations, stiff, periodic and chaotic, beside SciPy's integrators.

    python benchmarks/odes.py [--seeds N] [--only TEXT] [--log] [--threads N]

prints a Markdown table of the worst of N seeds (3), and one JSON line. Nothing is named: the method
is `solve`'s own choice. Errors are relative L² over the whole interval, of the worst unknown;
SciPy integrates with tolerances of 1e-12 (Radau for the stiff ones), and its seconds stand beside.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import harness
import numpy as np
import torch
from scipy.integrate import solve_ivp

from siren_pde import Box, Budget, Problem, Siren, System, d, exp, on

SECONDS = 20
TICKS = 1000


@dataclass(frozen=True)
class Case:
    """ẏ = rates(t, y) from y = start, whose unknowns have these names."""

    rates: Callable
    names: str
    start: tuple[float, ...]
    interval: tuple[float, float]
    integrator: str = "DOP853"
    smallest: float = 1e-12

    def problem(self):
        """One condition for each unknown, and one for the start."""
        time = Box(t=self.interval)

        @on(time)
        def equations(p, *unknowns):
            rates = self.rates(p.t, unknowns)
            return tuple(d(y, p.t) - rate for y, rate in zip(unknowns, rates, strict=True))

        @on(time.at(t=self.interval[0]))
        def start(p, *unknowns):
            return tuple(y - at for y, at in zip(unknowns, self.start, strict=True))

        return Problem(equations, start)

    def field(self):
        """A network for each unknown."""
        return System(**{name: Siren(1) for name in self.names})

    def truth(self, t):
        """SciPy's values at times t (n,), (unknowns, n)."""
        choices = {"method": self.integrator, "rtol": 1e-12, "atol": self.smallest}
        return solve_ivp(self.rates, self.interval, self.start, t_eval=t, **choices).y


def robertson(s, y):
    """Over the logarithm s of time, so that its ten decades are seen."""
    a, b, c = y
    t = math.exp(s) if isinstance(s, float) else exp(s)
    made, lost = 0.04 * a - 1e4 * b * c, 3e7 * b * b
    return -t * made, t * (made - lost), t * lost


def lotka_volterra(_, y):
    prey, hunters = y
    return 2 * prey - 0.04 * prey * hunters, 0.02 * prey * hunters - 1.06 * hunters


def van_der_pol(_, y):
    x, v = y
    return v, 100 * (1 - x * x) * v - x


def lorenz(_, y):
    a, b, c = y
    return 10 * (b - a), a * (28 - c) - b, a * b - 8 / 3 * c


DECADES = math.log(1e-5), math.log(1e5)
CASES = {
    "Lotka-Volterra, to 10": Case(lotka_volterra, "pq", (100, 15), (0, 10)),
    "Robertson, 1e-5 to 1e5": Case(robertson, "abc", (1, 0, 0), DECADES, "Radau", 1e-18),
    "van der Pol, µ = 100, to 180": Case(van_der_pol, "xv", (2, 0), (0, 180), "Radau"),
    "Lorenz, to 20": Case(lorenz, "abc", (1, 1, 1), (0, 20)),
}
COLUMNS = {
    "problem": lambda row: row["problem"],
    "worst error": lambda row: f"{row['worst']:.1e}",
    "slowest": lambda row: f"{row['slowest']:.1f} s",
    "SciPy": lambda row: f"{row['integrated']:.2f} s",
}


def off(case, solution, t, truth):
    """The relative L² error of the worst unknown."""
    values = solution.evaluate(lambda p, *unknowns: list(unknowns), torch.from_numpy(t))
    left = np.linalg.norm(values.numpy().T - truth, axis=1)
    return float((left / np.linalg.norm(truth, axis=1)).max())


def main():
    options = harness.seeded_parser(__doc__, seeds=3).parse_args()
    harness.prepare(options.threads)
    rows = []
    for name in harness.chosen(CASES, options.only):
        case = CASES[name]
        t = np.linspace(*case.interval, TICKS)
        integrated, truth = harness.timed(lambda case=case, t=t: case.truth(t))
        errors, seconds = harness.solved(
            name,
            case.problem(),
            options,
            lambda s, case=case, t=t, y=truth: (off(case, s, t, y), s.seconds),
            field=case.field(),
            budget=Budget(seconds=SECONDS),
        )
        rows.append(
            {
                "problem": name,
                "worst": max(errors),
                "slowest": max(seconds),
                "integrated": integrated,
            }
        )
    harness.table(rows, COLUMNS)
    harness.as_json(rows)


if __name__ == "__main__":
    main()
