"""Open surfaces from points: how near their meshes are, whether they end where the points do.

    python benchmarks/open_surfaces.py [--points 50000] [--seconds 30] [--seeds 3] [--only TEXT]

A half-sphere, a wavy sheet, a Möbius band, a skirt and terrain, of which the truth is known, are
sampled at random; variants are `normals`, `none` (no normals are given) and `noise` (0.5 % of the
extent on every coordinate, no normals). Prints a Markdown table, and a JSON line per case and seed:
mean and largest distance, two-sided, of 50,000 points each, as a share of the diagonal; the share
of the mesh that is farther from all points than three sides of the square that belongs to each;
boundary loops and the true number; the root mean squares of |φ| − the exact distance and of
|∇φ| − 1 beside the surface, within 0.1 of it where the longest side of the padded box is [−1, 1].
"""

import itertools
import sys
from pathlib import Path

import harness
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from siren_pde import PointCloud, fit_sdf
from siren_pde.cli.sdf_answers import errors
from siren_pde.scans.inspection import inspect
from tests.open_shapes import SHAPES

NOISE = 0.005
COLUMNS = {
    "mean": "{:.4%}",
    "max": "{:.2%}",
    "far": "{:.2%}",
    "loops": "{}",
    "components": "{}",
    "band": "{:.4f}",
    "eikonal": "{:.3f}",
    "steps": "{}",
    "fitted": "{:.1f} s",
    "meshed": "{:.1f} s",
}


def sampled(shape, variant, options, seed):
    """Points as a scanner of this kind would give them."""
    x, normals = shape.sample(options.points, seed)
    if variant == "noise":
        extent = np.ptp(x, axis=0).max()
        x = x + NOISE * extent * np.random.default_rng(seed).standard_normal(x.shape)
    return PointCloud(x, normals=normals if variant == "normals" else None)


def measured(name, variant, seed, options):
    """One case: its figures by name."""
    shape = SHAPES[name]
    cloud, truth = sampled(shape, variant, options, seed), shape.mesh()
    seconds = None if options.steps else options.seconds
    fitted, distance = harness.timed(
        lambda: fit_sdf(cloud, seconds=seconds, steps=options.steps, seed=seed)
    )
    meshed, mesh = harness.timed(lambda: distance.mesh(options.resolution))
    off = errors(distance, mesh, truth, seed)
    said = inspect(distance, mesh, mesh, seed=seed)
    return {
        "name": name,
        "variant": variant,
        "seed": seed,
        "open": distance.is_open,
        "mean": off.reference_mean / truth.diagonal,
        "max": off.reference_max / truth.diagonal,
        "far": said.far_share,
        "loops": f"{mesh.boundary_loops} of {shape.loops}",
        "components": mesh.components,
        "band": off.sdf_rmse_band / distance.scale,
        "eikonal": said.eikonal_band,
        "steps": distance.solution.history.steps[-1],
        "fitted": fitted,
        "meshed": meshed,
    }


def parsed():
    parser = harness.parser(__doc__)
    parser.add_argument("--points", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--resolution", type=int, default=256)
    parser.add_argument("--variant", nargs="*", default=["normals", "none"])
    parser.add_argument("--only", default="")
    return parser.parse_args()


if __name__ == "__main__":
    options = parsed()
    harness.prepare(threads=None)
    rows = []
    names = [name for name in SHAPES if options.only in name]
    for case in itertools.product(names, options.variant, range(options.seeds)):
        rows.append(measured(*case, options))
        harness.as_json(rows[-1])
    first = {"surface": lambda row: f"{row['name']}, {row['variant']}, seed {row['seed']}"}
    shown = {name: lambda row, name=name: COLUMNS[name].format(row[name]) for name in COLUMNS}
    harness.table(rows, first | shown)
