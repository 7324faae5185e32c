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
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace

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


def highest():
    """The most memory this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def median(run):
    times = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def measured(n, memory):
    """Seconds of both steps, and megabytes, for n interior points."""
    torch.set_num_threads(2)
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
    before = highest()
    gradient = median(lambda: objective.loss_and_gradient(theta))
    step = median(lambda: objective.normal_equations(theta).step(1e-6))
    return {"n": n, "gradient": gradient, "step": step, "megabytes": highest() - before}


def exponent(rows, key):
    """The slope of log time by log n, least squares."""
    x = [math.log(row["n"]) for row in rows]
    y = [math.log(row[key]) for row in rows]
    a, b = statistics.mean(x), statistics.mean(y)
    return sum((u - a) * (v - b) for u, v in zip(x, y, strict=True)) / sum((u - a) ** 2 for u in x)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", type=int, default=256, help="megabytes allowed")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.one, options.memory)))
        return
    rows = []
    for n in SIZES:
        command = [sys.executable, __file__, "--one", str(n), "--memory", str(options.memory)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append(json.loads(done.stdout))
    print("| points | gradient, ms | Gauss-Newton step, ms | memory, MB |\n|---|---|---|---|")
    for row in rows:
        figures = f"{1e3 * row['gradient']:.1f} | {1e3 * row['step']:.1f} | {row['megabytes']:.0f}"
        print(f"| {row['n']} | {figures} |")
    fits = {key: exponent(rows, key) for key in ("gradient", "step")}
    print(f"exponents: gradient {fits['gradient']:.2f}, step {fits['step']:.2f}")
    print(json.dumps({"rows": rows, "exponents": fits, "allowed": options.memory}))


if __name__ == "__main__":
    main()
