"""Nonlinear problems against exact or classical solutions.

    python benchmarks/nonlinear.py [--seeds N] [--only TEXT] [--log] [--threads N]

prints a Markdown table of the median and the worst of N seeds (3), and one JSON line.
The method is `solve`'s own choice. Errors are relative L²: of u, in
the cavity of the velocity; classical solutions come with their own accuracy, the difference of two
resolutions.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

import harness
import numpy as np
import spectral

from siren_pde import (
    Box,
    Budget,
    Problem,
    cos,
    d,
    exp,
    lap,
    on,
    pi,
    sin,
    sqrt,
)


@dataclass(frozen=True)
class Case:
    """A problem, how far off a solution is, and what it is held to."""

    problem: Problem
    off: Callable
    error: float
    seconds: float
    accuracy: Callable = lambda: 0.0


def burgers(nu, terms):
    """u_t + u u_x = ν u_xx, −sin πx at first, by Cole and Hopf's integral: 2 · terms + 1 nodes."""
    strip = Box(x=(-1, 1), t=(0, 1))

    def exact(p):
        x, t = p
        above = below = 0
        for k in range(-terms, terms + 1):
            y = pi * (x - sqrt(4 * nu * t) * (k / 4))
            weight = exp(-cos(y) / (2 * pi * nu) - (k / 4) ** 2)
            above, below = above + sin(y) * weight, below + weight
        return -above / below

    @on(strip)
    def equation(p, u):
        return d(u, p.t) + u * d(u, p.x) - nu * d(u, p.x, p.x)

    @on(strip.at(t=0))
    def start(p, u):
        return u + sin(pi * p.x)

    @on(strip.at(x=-1) | strip.at(x=1))
    def walls(p, u):
        return u

    return Problem(equation, start, walls, exact=exact)


def allen_cahn():
    """u_t = 10⁻⁴ u_xx + 5 (u − u³), x² cos πx at first; even, so a period 2 is no slope at 0, 1."""
    strip = Box(x=(0, 1), t=(0, 1))

    @on(strip)
    def equation(p, u):
        return d(u, p.t) - 1e-4 * d(u, p.x, p.x) + 5 * (u**3 - u)

    @on(strip.at(t=0))
    def start(p, u):
        return u - p.x**2 * cos(pi * p.x)

    @on(strip.at(x=0) | strip.at(x=1))
    def ends(p, u):
        return d(u, p.x)

    return Problem(equation, start, ends)


TIMES, PLACES = np.linspace(0, 1, 101), np.linspace(0, 1, 501)


def allen_cahn_values(n, tolerance):
    x, u = spectral.allen_cahn(n, tolerance, TIMES)
    return spectral.interpolation(x, PLACES) @ u


def allen_cahn_off(s):
    x, t = np.meshgrid(PLACES, TIMES, indexing="ij")
    truth = allen_cahn_values(640, 1e-11)
    values = s(np.stack([x.ravel(), t.ravel()], 1)).numpy().reshape(truth.shape)
    return np.linalg.norm(values - truth) / np.linalg.norm(truth)


def allen_cahn_accuracy():
    a, b = allen_cahn_values(500, 1e-10), allen_cahn_values(640, 1e-11)
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def cavity(reynolds):
    """The steady flow under a lid moving at 16 x² (1 − x)², by its stream function."""
    square = Box(x=(0, 1), y=(0, 1))

    @on(square)
    def vorticity(p, s):
        w = lap(s)
        return d(s, p.y) * d(w, p.x) - d(s, p.x) * d(w, p.y) - lap(w) / reynolds

    @on(square.at(y=1))
    def lid(p, s):
        return s, d(s, p.y) - 16 * p.x**2 * (1 - p.x) ** 2

    @on(square.at(y=0))
    def floor(p, s):
        return s, d(s, p.y)

    @on(square.at(x=0) | square.at(x=1))
    def sides(p, s):
        return s, d(s, p.x)

    return Problem(vorticity, lid, floor, sides)


SPOTS = np.random.default_rng(0).random((2000, 2))


def cavity_velocity(n):
    x, by, psi = spectral.cavity(n)
    u, v = psi @ by.T, -(by @ psi)
    return np.stack([spectral.evaluated([x, x], w, SPOTS) for w in (u, v)], 1)


def cavity_off(s):
    truth = cavity_velocity(34)
    values = s.evaluate(lambda p, s: (d(s, p.y), -d(s, p.x)), SPOTS).numpy()
    return np.linalg.norm(values - truth) / np.linalg.norm(truth)


def cavity_accuracy():
    a, b = cavity_velocity(26), cavity_velocity(34)
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def own(s):
    return s.error()


CASES = {
    "Burgers, ν = 0.01/π": Case(burgers(0.01 / pi, 48), own, 1e-5, 300),
    "Burgers, ν = 0.01": Case(burgers(0.01, 48), own, 1e-7, 120),
    "Allen-Cahn": Case(allen_cahn(), allen_cahn_off, 1e-5, 60, allen_cahn_accuracy),
    "cavity, Re = 100": Case(cavity(100), cavity_off, 3e-5, 120, cavity_accuracy),
}


COLUMNS = {
    "problem": lambda row: row["problem"],
    "median error": lambda row: f"{row['error']:.1e}",
    "worst": lambda row: f"{row['worst']:.1e}",
    "median seconds": lambda row: f"{row['seconds']:.1f}",
    "slowest": lambda row: f"{row['slowest']:.1f}",
    "truth": lambda row: f"{row['accuracy']:.0e}" if row["accuracy"] else "exact",
    "wanted": harness.wanted,
}


def main():
    options = harness.seeded_parser(__doc__, seeds=3).parse_args()
    harness.prepare(options.threads)
    rows = []
    for name in harness.chosen(CASES, options.only):
        case = CASES[name]
        errors, times = harness.solved(
            name,
            case.problem,
            options,
            lambda s, off=case.off: (float(off(s)), s.seconds),
            budget=Budget(seconds=case.seconds),
        )
        rows.append(
            {
                "problem": name,
                "error": statistics.median(errors),
                "worst": max(errors),
                "seconds": statistics.median(times),
                "slowest": max(times),
                "accuracy": float(case.accuracy()),
                "wanted": [case.error, case.seconds],
            }
        )
    harness.table(rows, COLUMNS)
    harness.as_json(rows)


if __name__ == "__main__":
    main()
