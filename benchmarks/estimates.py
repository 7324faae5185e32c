"""How right the error bars are: the true error of answers, beside what is estimated of it.

    python benchmarks/estimates.py [NAME …] [--seeds N] [--careful] [--series]

Every problem of `problems/` is solved as `siren-pde solve` does. `--series` solves some of them by
fewer features as well, four sizes each, and problems on which estimates are known to drift under
refinement: a corner, a shock, and a Helmholtz problem near a resonance.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import torch

from siren_pde import (
    Box,
    LeastSquares,
    Problem,
    Sobol,
    arctan,
    d,
    lap,
    on,
    pi,
    sin,
    solve,
    sqrt,
    tanh,
)
from siren_pde.cli.script import read_script
from siren_pde.fields.system import parts

PROBLEMS = Path(__file__).parents[1] / "problems"


@dataclass(frozen=True)
class Row:
    """One answer: its true error, its estimate, what both took."""

    name: str
    error: float
    estimate: float
    beta: float
    outcome: str
    seconds: float
    spent: float
    why: str

    @property
    def ratio(self) -> float:
        """True error over estimate."""
        return self.error / self.estimate if self.estimate else math.nan

    @property
    def verdict(self) -> str:
        """Whether the estimate is right within a factor of two."""
        if math.isnan(self.ratio):
            return "none"
        return "right" if 0.5 <= self.ratio <= 2 else "WRONG"

    def __str__(self) -> str:
        share = self.spent / self.seconds
        return (
            f"{self.name:<30} {self.error:8.1e} {self.estimate:8.1e} {self.ratio:6.2f} "
            f"{self.beta:6.2f} {self.verdict:<6} {self.outcome:<11} {self.seconds:7.2f} "
            f"{share:5.0%} {self.why[:70]}"
        )


def compared(name, problem, field, method, **options) -> Row:
    """Solve, and compare over the unknowns whose truth is known."""
    solution = solve(problem, field, method, quiet=True, **options)
    names = [n for n in parts(solution.field) if n in known(problem)]
    bar = solution.estimate
    return Row(
        name,
        solution.error(),
        bar.of(names) if bar.reliable else math.nan,
        bar.beta,
        solution.outcome.name,
        solution.seconds,
        bar.seconds,
        bar.why,
    )


def known(problem):
    """The names of the unknowns whose truth is known."""
    if problem.truth is not None:
        return set(problem.truth.values)
    few = problem.conditions[0].domain
    exact = problem.exact(Sobol(4)(few))
    return set(exact) if isinstance(exact, dict) else {"u"}


# ── answers that stopped early, and problems where estimates drift ────────────────────────────────

EARLY = {
    "poisson": (20, 40, 80, 120),
    "helmholtz": (100, 200, 300, 450),
    "wave": (150, 300, 500, 800),
    "poisson_variable": (30, 60, 90, 130),
    "elasticity": (30, 60, 90, 130),
    "kovasznay": (40, 80, 120, 160),
    "poisson_boltzmann": (30, 60, 90, 130),
    "robin": (20, 40, 80, 120),
    "poisson_cube": (100, 200, 400, 800),
    "advection": (150, 300, 450, 700),
}


def corner():
    """u = r^(2/3) sin(2θ/3) on an L, nothing said of the corner."""
    ell = Box(x=(-1, 1), y=(-1, 1)) - Box(x=(0, 1), y=(-1, 0))

    def exact(p):
        r = sqrt(p.x**2 + p.y**2)
        angle = 3 * pi / 4 - 2 * arctan((p.x + p.y) / (2**0.5 * r + p.y - p.x))
        return r ** (2 / 3) * sin(2 * angle / 3)

    @on(ell)
    def laplace(p, u):
        return lap(u)

    @on(ell.boundary)
    def given(p, u):
        return u - exact(p)

    return Problem(laplace, given, exact=exact)


def shock(nu=0.02):
    """A stationary viscous shock of Burgers' equation: u = −tanh(x / (2 ν))."""
    line = Box(x=(-1, 1))

    def exact(p):
        return -tanh(p.x / (2 * nu))

    @on(line)
    def burgers(p, u):
        return u * d(u, p.x) - nu * d(u, p.x, p.x)

    @on(line.boundary)
    def given(p, u):
        return u - exact(p)

    return Problem(burgers, given, exact=exact)


def resonant(gap=1e-2):
    """Helmholtz on the unit square, k² this far above an eigenvalue."""
    square = Box(x=(0, 1), y=(0, 1))
    k2 = 5 * pi**2 + gap

    def exact(p):
        return sin(pi * p.x) * sin(2 * pi * p.y) + sin(3 * p.x) * p.y * p.y

    @on(square)
    def helmholtz(p, u):
        return lap(u) + k2 * u - lap(exact(p)) - k2 * exact(p)

    @on(square.boundary)
    def given(p, u):
        return u - exact(p)

    return Problem(helmholtz, given, exact=exact)


DRIFTING = {
    "corner": (corner, (100, 200, 400, 800, 1600)),
    "shock": (shock, (20, 40, 60, 80, 120)),
    "resonance": (resonant, (25, 40, 60, 90, 130)),
}


def series(options):
    """Rows of answers by few features."""
    for name, sizes in EARLY.items():
        script = read_script(PROBLEMS / f"{name}.py")
        for features in sizes:
            method = LeastSquares(features, oversampling=2)
            yield compared(f"{name}, {features}", script.problem, script.field, method, **options)
    for name, (make, sizes) in DRIFTING.items():
        for features in sizes:
            method = LeastSquares(features, oversampling=2)
            yield compared(f"{name}, {features}", make(), None, method, **options)


def gallery(name, options) -> Row:
    """A problem file, solved as it says."""
    script = read_script(PROBLEMS / f"{name}.py")
    given = {"quadrature": script.quadrature, "budget": script.budget, **options}
    return compared(name, script.problem, script.field, script.method, **given)


def all_names() -> list[str]:
    """The problem files with a truth."""
    return [
        p.stem
        for p in sorted(PROBLEMS.glob("*.py"))
        if "exact=" in p.read_text() or "truth=" in p.read_text()
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--careful", action="store_true")
    parser.add_argument("--series", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"{'problem':<30} {'error':>8} {'estimate':>8} {'ratio':>6} {'beta':>6} {'':<6} "
        f"{'outcome':<11} {'seconds':>7} share"
    )
    rows = []
    for seed in range(given.seeds):
        options = {"seed": seed, "estimate": "careful" if given.careful else "quick"}
        if given.series:
            runs = series(options)
        else:
            runs = (gallery(name, options) for name in given.names or all_names())
        for row in runs:
            rows.append(row)
            print(row, flush=True)
    counts = {v: sum(r.verdict == v for r in rows) for v in ("right", "WRONG", "none")}
    print(f"{len(rows)} answers: " + ", ".join(f"{n} {v}" for v, n in counts.items()))


if __name__ == "__main__":
    main()
