"""Time and memory of a step against the number of points.

    python benchmarks/growth.py [--memory MB]

Residual lap(u) − f in the square and u on its boundary, 4 sine layers of 16 (881 parameters), two
threads. For each n, a process of its own takes 5 gradients and 5 normal equations with their
solution (what a Gauss-Newton step is made of, float64), within the memory allowed (256 MB). Printed
are medians, the highest memory of the process above that before the first product, and the exponent
of n that fits the times best.
"""

import argparse
import json
import math
import statistics
from dataclasses import replace

import harness
import torch

from siren_pde import Box, Problem, Siren, lap, on, sin
from siren_pde.collocation.evaluation import Limits
from siren_pde.collocation.objective import objective_of

REPEATS = 5
SIZES = [1024 * 4**k for k in range(4)]
square = Box(x=(-1, 1), y=(-1, 1))


@on(square)
def poisson(p, u):
    return lap(u) - sin(3 * p.x) * sin(2 * p.y)


@on(square.boundary)
def dirichlet(p, u):
    return u


def measured(n, memory):
    """Seconds of both steps, and megabytes, for n interior points."""
    torch.set_num_threads(harness.THREADS)
    field = Siren(2, width=16, depth=4, frequency=5.0)
    counts = {poisson: n, dirichlet: n // 4}
    objective = objective_of(
        Problem(poisson, dirichlet), field, counts, limits=Limits(memory=memory << 20)
    )
    theta = objective.parameters
    # the libraries' own memory is not the step's
    few = replace(objective, collocated=objective.collocated.with_count(16))
    few.loss_and_gradient(theta)
    few.normal_equations(theta).step(1e-6)
    before = harness.peak_memory()
    gradient, _ = harness.median_time(lambda: objective.loss_and_gradient(theta), REPEATS, warm=1)
    step, _ = harness.median_time(
        lambda: objective.normal_equations(theta).step(1e-6), REPEATS, warm=1
    )
    megabytes = harness.peak_memory() - before
    return {"n": n, "gradient": gradient, "step": step, "megabytes": megabytes}


def exponent(rows, key):
    """The slope of log time by log n, least squares."""
    x = [math.log(row["n"]) for row in rows]
    y = [math.log(row[key]) for row in rows]
    a, b = statistics.mean(x), statistics.mean(y)
    return sum((u - a) * (v - b) for u, v in zip(x, y, strict=True)) / sum((u - a) ** 2 for u in x)


COLUMNS = {
    "points": lambda row: str(row["n"]),
    "gradient, ms": lambda row: f"{1e3 * row['gradient']:.1f}",
    "Gauss-Newton step, ms": lambda row: f"{1e3 * row['step']:.1f}",
    "memory, MB": lambda row: f"{row['megabytes']:.0f}",
}


def main():
    parser = harness.parser(__doc__)
    parser.add_argument("--memory", type=int, default=256, help="megabytes allowed")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        harness.as_json(measured(options.one, options.memory))
        return
    harness.prepare()
    memory = ("--memory", options.memory)
    rows = [json.loads(harness.alone(__file__, "--one", n, *memory)) for n in SIZES]
    harness.table(rows, COLUMNS)
    fits = {key: exponent(rows, key) for key in ("gradient", "step")}
    print(f"exponents: gradient {fits['gradient']:.2f}, step {fits['step']:.2f}")
    harness.as_json({"rows": rows, "exponents": fits, "allowed": options.memory})


if __name__ == "__main__":
    main()
