"""Write small files of every kind in the present format to tests/golden, with what they hold.

    python tools/golden.py

Files that are there stay: they are those of earlier formats, or of earlier versions of the
libraries that wrote them. `tests/io/test_golden.py` reads all of them.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from siren_pde import Siren, System, load, save
from siren_pde.fields.derived.refined import Refined
from siren_pde.fields.derived.splines import Splines
from siren_pde.files.sealed import FORMATS
from siren_pde.images import Cosines
from siren_pde.references import Reference
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.rim import Rim
from siren_pde.scans.signed_distance import SignedDistance
from tests.evaluated import evaluated
from tests.told import told

FOLDER = Path(__file__).parents[1] / "tests" / "golden"
POINTS = [[0.1, 0.2], [0.5, 0.7], [0.9, -0.3]]
PLACES = [[0.1, 0.2, 0.3], [1.5, -0.7, 0.2]]


def distance() -> SignedDistance:
    """A network in the frame of a scan."""
    rng = np.random.default_rng(0)
    normals = rng.standard_normal((8, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    field = Siren(3, width=4, depth=1, seed=5, dtype=torch.float64)
    solution = told(field, ("x", "y", "z"))
    cloud = OrientedCloud(0.5 * normals, normals)
    return SignedDistance(solution, np.array([1.0, 2.0, 3.0]), 2.0, np.ones(3), cloud)


def refined() -> Refined:
    """A network and a grid of splines that are zero nearly everywhere."""
    coefficients = torch.zeros(150, 150)
    coefficients[70:90, 20:120] = torch.randn(20, 100, generator=torch.Generator().manual_seed(6))
    grid = Splines((-1.0, -1.0), 2 / 147, coefficients)
    return Refined(Siren(2, width=4, depth=1, seed=7, dtype=torch.float64), [grid])


def open_distance() -> SignedDistance:
    """The same, of a surface with ends and one side."""
    closed = distance()
    ends = np.where(np.arange(8)[:, None] < 3, closed.cloud.normals, 0.0)
    cloud = OrientedCloud(closed.cloud.positions, closed.cloud.normals, Rim(ends, has_sides=False))
    return replace(closed, cloud=cloud)


def main() -> None:
    """Write what is not there yet."""
    FOLDER.mkdir(exist_ok=True)
    number = FORMATS.get("solution", 1)
    results = {
        "siren": told(Siren(2, width=5, depth=2, seed=1, dtype=torch.float64)),
        "single": told(Siren(2, width=5, depth=1, seed=2, dtype=torch.float32)),
        "system": told(System(u=Siren(2, width=3, depth=1), v=Siren(2, width=4, depth=1, seed=3))),
        "cosines": told(Cosines((3, 2))),
        "refined": told(refined()),
        "distance": distance(),
        "open": open_distance(),
    }
    for name, result in results.items():
        path = FOLDER / f"solution-{number}-{name}.h5"
        if path.exists():
            continue
        save(result, path)
        read = load(path)
        at = PLACES if isinstance(read, SignedDistance) else POINTS
        known = evaluated(read, at)
        path.with_suffix(".json").write_text(json.dumps({"points": at, "values": known}) + "\n")
    path = FOLDER / f"reference-{FORMATS.get('reference', 1)}.h5"
    if not path.exists():
        grid = np.linspace(0, 1, 4)
        Reference({"x": grid, "t": grid}, {"u": np.outer(grid, grid**2)}, "made up", 1e-3).save(
            path
        )


if __name__ == "__main__":
    main()
