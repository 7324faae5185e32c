"""The mesh of a network's zero set: the same triangles as dense marching cubes, far fewer values.

    python benchmarks/extraction.py [FITTED.h5] [--dense 256] [--fine 512]

The field is a sine network of three layers of 192 with splines, fitted for some seconds to a torus,
or read from a file that `siren-pde sdf` wrote. At `--dense` cells per side all nodes are evaluated
once; sparse and dense marching cubes then look values up, so that they see the same field to the
last bit. Each timed extraction runs in a process of its own, whose peak memory is printed with and
without what importing takes.
"""

import tempfile
from pathlib import Path

import harness
import numpy as np
import torch

from siren_pde import Ball, PointCloud, Sobol, fit_sdf, load, save
from siren_pde.scans import extract


def fitted(path):
    """A torus with waves, from 20,000 points."""
    n = Sobol(20_000)(Ball(x=0, y=0).boundary, seed=1).positions.numpy()
    m = Sobol(20_000)(Ball(x=0, y=0).boundary, seed=2).positions.numpy()[::-1]
    tube = 0.35 + 0.04 * np.cos(9 * np.arctan2(n[:, 1], n[:, 0]))
    around = np.column_stack([n, np.zeros(len(n))])
    x = around + tube[:, None] * (m[:, :1] * around + m[:, 1:] * np.array([0, 0, 1.0]))
    save(fit_sdf(PointCloud(x), seconds=None, steps=150), path)


def extracted(path, resolution):
    """One extraction: seconds, evaluations and memory."""
    distance, before, count = load(path), harness.peak_memory(), 0
    inner = distance.solution.__class__.__call__

    def counting(self, x):
        nonlocal count
        count += len(x)
        return inner(self, x)

    distance.solution.__class__.__call__ = counting
    seconds, mesh = harness.timed(lambda: distance.zero_set(resolution))
    peak = harness.peak_memory()
    nodes = np.prod(np.round(resolution * distance.half / distance.half.max()) + 1)
    print(
        f"{resolution}³: {seconds:.1f} s on {torch.get_num_threads()} threads, {len(mesh.faces)} "
        f"triangles, {count} values (projection included), {nodes / count:.1f} times fewer than "
        f"the {nodes:.0f} nodes; peak {peak:.0f} MB, {peak - before:.0f} MB more than before"
    )


def same_triangles(path, resolution):
    """Whether sparse and dense marching cubes agree, to the last bit, on looked-up values."""
    distance = load(path)
    low, high = -distance.half, distance.half
    sides = high - low
    counts = np.ceil(sides / sides.max() * resolution - 1e-9).astype(np.int64)
    ticks = [np.linspace(a, b, n + 1) for a, b, n in zip(low, high, counts, strict=True)]
    seconds, values = harness.timed(lambda: node_values(distance, ticks))
    evaluated = []

    def looked_up(x):
        index = np.rint((x.numpy() - low) / sides * counts).astype(np.int64)
        evaluated.append(len(x))
        return torch.from_numpy(values[tuple(index.T)])

    options = {"resolution": resolution, "dtype": torch.float64}
    few = extract(looked_up, low, high, **options)
    sparse = sum(evaluated)
    every = extract(looked_up, low, high, coarse=resolution, **options)
    same = np.array_equal(sorted_triangles(few), sorted_triangles(every))
    print(
        f"{resolution}³: {sparse} of {values.size} nodes evaluated, {values.size / sparse:.1f} "
        f"times fewer; {len(few.faces)} triangles, identical to dense marching cubes: {same}; "
        f"all nodes took {seconds:.1f} s"
    )


def node_values(distance, ticks):
    """The values at all nodes of a grid, plane by plane."""
    plane = np.meshgrid(*ticks[1:], indexing="ij")
    values = np.empty([len(row) for row in ticks], dtype=np.float32)
    for i, place in enumerate(ticks[0]):
        x = np.stack([np.full(plane[0].size, place), *(p.ravel() for p in plane)], axis=1)
        values[i] = distance.solution(x).numpy().reshape(plane[0].shape)
    return values


def sorted_triangles(mesh):
    """All corners of all triangles as rows, in an order that does not depend on the cells'."""
    return np.sort(mesh.triangles.reshape(-1, 9).view([("", float)] * 9).ravel())


def main():
    parser = harness.parser(__doc__)
    parser.add_argument("fitted", type=Path, nargs="?")
    parser.add_argument("--dense", type=int, default=256)
    parser.add_argument("--fine", type=int, default=512)
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    if options.only:
        extracted(options.fitted, options.only)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = options.fitted or Path(folder) / "torus.h5"
        if options.fitted is None:
            fitted(path)
        for resolution in (options.dense, options.fine):
            print(harness.alone(__file__, path, "--only", resolution), end="", flush=True)
        same_triangles(path, options.dense)


if __name__ == "__main__":
    main()
