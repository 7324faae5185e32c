"""Noisy clouds of designed parts, without normals: how near, of which genus, and how sharp.

    python benchmarks/cad.py [--levels 0.005 0.01] [--points 100000] [--seeds 1] [--only TEXT]

A box with round holes, one with slots and a notch, and a bracket with holes, of which the truth is
known, are sampled at random; noise of each level, a share of the extent, is added to every
coordinate. Prints a Markdown table, and a JSON line per case and seed: mean and largest distance,
two-sided, of 50,000 points each, as a share of the diagonal; genus and the true one; `dihedral`
and `worst`, by how many degrees the angle between both sides of a crease is wider than the true
one, on average over all creases and at the one where that is largest, measured from one to three
standard deviations of the noise beside it; and `blunt`, how far the surface is from the true
creases, on average, as a share of the diagonal. `--points-only` stops before the fit, and tells
how far the cleaned points are from the surface.
"""

import itertools
import sys
from pathlib import Path

import harness
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from siren_pde import PointCloud, fit_sdf
from siren_pde.meshes.metrics import point_triangle_distance
from siren_pde.scans.prepare import cleaned
from tests.prisms import PRISMS

MEASURED = 50_000
BESIDE = 300_000
COLUMNS = {
    "mean": "{:.4%}",
    "max": "{:.2%}",
    "genus": "{}",
    "components": "{}",
    "dihedral": "{:.1f}°",
    "worst": "{:.1f}°",
    "blunt": "{:.3%}",
    "steps": "{}",
    "fitted": "{:.1f} s",
}


def sampled(shape, level, points, seed):
    """Points as a scanner of this noise would give them, and its standard deviation."""
    x, _ = shape.sample(points, seed)
    deviation = level * np.ptp(x, axis=0).max()
    noise = np.random.default_rng(seed + 1000).standard_normal(x.shape)
    return PointCloud(x + deviation * noise), deviation


def measured(name, level, seed, options):
    """One case: its figures by name."""
    shape = PRISMS[name]
    cloud, deviation = sampled(shape, level, options.points, seed)
    answer = {"name": name, "level": level, "seed": seed}
    if options.points_only:
        seconds, ready = harness.timed(lambda: cleaned(cloud, seed))
        mean = np.abs(shape.distance(ready.positions)).mean() / shape.diagonal
        return {**answer, "mean": mean, "fitted": seconds}
    seconds = None if options.steps else options.seconds
    fitted, distance = harness.timed(
        lambda: fit_sdf(cloud, seconds=seconds, steps=options.steps, seed=seed)
    )
    mesh = distance.mesh(options.resolution)
    off = np.abs(shape.distance(mesh.sample(MEASURED, seed)[0]))
    back = point_triangle_distance(shape.sample(MEASURED, seed + 1)[0], mesh)
    tilts = np.abs(shape.widened(*mesh.sample(BESIDE, seed), deviation))
    return {
        **answer,
        "mean": (off.mean() + back.mean()) / 2 / shape.diagonal,
        "max": max(off.max(), back.max()) / shape.diagonal,
        "genus": f"{mesh.genus} of {shape.genus}",
        "components": mesh.components,
        "dihedral": np.nanmean(tilts),
        "worst": np.nanmax(tilts),
        "blunt": point_triangle_distance(shape.creases(deviation).positions, mesh).mean()
        / shape.diagonal,
        "steps": distance.solution.history.steps[-1],
        "fitted": fitted,
    }


def parsed():
    parser = harness.parser(__doc__)
    parser.add_argument("--levels", nargs="*", type=float, default=[0.005, 0.01])
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--resolution", type=int, default=256)
    parser.add_argument("--only", default="")
    parser.add_argument("--points-only", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    options = parsed()
    harness.prepare(threads=None)
    rows = []
    names = [name for name in PRISMS if options.only in name]
    for case in itertools.product(names, options.levels, range(options.seeds)):
        rows.append(measured(*case, options))
        harness.as_json(rows[-1])
    first = {
        "part": lambda row: f"{row['name']}, {row['level']:.1%}, seed {row['seed']}",
    }
    shown = {
        name: lambda row, name=name: COLUMNS[name].format(row[name]) if name in row else ""
        for name in COLUMNS
    }
    harness.table(rows, first | shown)
