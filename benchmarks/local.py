"""Sines in boxes: error, seconds and memory against the number of unknowns.

    python benchmarks/local.py [--most 100000] [--threads N]

solves Laplace's equation on a square with four holes on uniform trees of boxes, and one on a cube
with a ball cut out, each size in a process of its own whose peak memory is measured; prints a
Markdown table, the power of the number of unknowns with which seconds grow, and one JSON line.
"""

import json
import math
from pathlib import Path

import harness
import torch

from siren_pde import Ball, Box, Problem, Siren, lap, on
from siren_pde.collocation.objective import objective_of
from siren_pde.collocation.quadrature import Sobol
from siren_pde.fields.parameters import with_parameters
from siren_pde.local_features.discretised import Waves, assembled
from siren_pde.local_features.newton import minimised
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.references import read_reference

ROOT = Path(__file__).parents[1]
PLANE = [(1, 60, 3.0), (2, 100, 4.0), (3, 100, 4.0), (4, 100, 4.0), (4, 160, 4.0), (5, 100, 4.0)]
SPACE = [(1, 200, 3.5), (2, 200, 3.5), (2, 320, 3.5), (2, 480, 4.0)]
"""Times that boxes are halved along all axes, waves in each, and their band."""
COLUMNS = {
    "problem": lambda row: row["problem"],
    "boxes": lambda row: str(row["boxes"]),
    "unknowns": lambda row: f"{row['unknowns']:,}",
    "seconds": lambda row: f"{row['seconds']:.2f}",
    "peak memory / MB": lambda row: f"{row['megabytes']:.0f}",
    "relative L² error": lambda row: f"{row['error']:.1e}",
}


def holes():
    """The square with four holes, points in it, and the values of its reference there."""
    square = Box(x=(-0.5, 0.5), y=(-0.5, 0.5))
    balls = [Ball(x=a, y=b, radius=0.1) for a in (-0.3, 0.3) for b in (-0.3, 0.3)]
    inner = balls[0] | balls[1] | balls[2] | balls[3]
    known = read_reference(ROOT / "problems" / "references" / "laplace_holes.h5")
    values = torch.tensor(known.values["u"]).flatten()
    ticks = (torch.tensor(known.ticks[axis]) for axis in ("x", "y"))
    x = torch.cartesian_prod(*ticks)
    kept = torch.isfinite(values) & (square - inner).contains(x)
    return _laplace(square, inner, lambda p: 1.0, lambda p: 0.0), x[kept], values[kept]


def ball():
    """A cube around a ball, points in it, and the field of a charge in it there."""
    cube = Box(x=(-1, 1), y=(-1, 1), z=(-1, 1))
    hole = Ball(x=0.1, y=0.0, z=0.0, radius=0.4)

    def exact(p):
        return ((p.x - 0.1) ** 2 + p.y**2 + p.z**2) ** -0.5 + p.x * p.y

    points = Sobol(20000)(cube - hole, seed=1)
    return _laplace(cube, hole, exact, exact), points.positions, exact(points).value


def _laplace(outside, inside, outer_values, inner_values):
    @on(outside - inside)
    def laplace(p, u):
        return lap(u)

    @on(outside.boundary)
    def outer(p, u):
        return u - outer_values(p)

    @on(inside.boundary)
    def inner(p, u):
        return u - inner_values(p)

    return Problem(laplace, outer, inner)


CASES = {"four holes": (holes, PLANE), "ball in a cube": (ball, SPACE)}


def measured(name: str, halvings: int, features: int, band: float) -> dict:
    """One solve in this process."""
    problem, x, expected = CASES[name][0]()
    d = len(problem.axes)
    low, high = (torch.tensor(b, dtype=torch.float64) for b in problem.bounds)
    tree = BoxTree.around(low, high)
    for _ in range(halvings):
        tree, _ = tree.split([[*range(d)]] * len(tree))
    objective = objective_of(problem, Siren(d))

    def solved():
        assembly, local = assembled(objective, tree, Waves(features, band))
        theta = minimised(assembly, tree, local.parameters, affine=True).theta
        return assembly.unknowns, with_parameters(local.field, theta)

    seconds, (unknowns, field) = harness.timed(solved)
    error = field(x).detach() - expected
    return {
        "problem": name,
        "boxes": len(tree),
        "unknowns": unknowns,
        "seconds": seconds,
        "megabytes": harness.peak_memory(),
        "error": float(error.norm() / expected.norm()),
    }


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--most", type=int, default=110_000, help="unknowns of the largest solve")
    parser.add_argument("--one", default="", help="one solve, as JSON: name, halvings, waves, band")
    parser.add_argument("--threads", type=int, default=harness.THREADS)
    arguments = parser.parse_args()
    harness.prepare(arguments.threads)
    if arguments.one:
        print(json.dumps(measured(*json.loads(arguments.one))))
        return
    rows = []
    for name, (_, sizes) in CASES.items():
        d = 2 if name == "four holes" else 3
        for size in sizes:
            if 2 ** (d * size[0]) * size[1] > arguments.most:
                continue
            one = "--threads", arguments.threads, "--one", json.dumps([name, *size])
            text = harness.alone(__file__, *one)
            rows.append(json.loads(text.splitlines()[-1]))
    harness.table(rows, COLUMNS)
    for name in CASES:
        own = sorted((r["unknowns"], r["seconds"]) for r in rows if r["problem"] == name)
        (few, least), (many, longest) = own[0], own[-1]
        power = math.log(longest / least) / math.log(many / few)
        print(f"{name}: seconds grow like N^{power:.2f}")
    harness.as_json(rows)


if __name__ == "__main__":
    main()
