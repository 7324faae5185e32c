"""`siren-pde sdf`: from points to a signed distance function, its mesh, and its errors."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from siren_pde.commands.answers import as_json, as_table
from siren_pde.commands.machine import Machine
from siren_pde.domains.cloud import PointCloud
from siren_pde.errors import ConfigError, DataFileError, StorageError
from siren_pde.progress import watching
from siren_pde.readers import read_mesh, read_points
from siren_pde.surfaces.distance import SignedDistance
from siren_pde.surfaces.fit import fit_sdf
from siren_pde.surfaces.mesh import Mesh
from siren_pde.surfaces.metrics import point_triangle_distance, signed_distance, surface_errors
from siren_pde.views import plot_mesh
from siren_pde.writers import write_mesh

Floats = npt.NDArray[np.float64]

BAND = 0.1
"""Half-width of the band around the reference, where the padded box is scaled to [−1, 1]."""
SAMPLES = 50_000
"""Points for each measurement of errors."""


@dataclass(frozen=True)
class Errors:
    """Distances of the result to a reference mesh, in the unit of the points."""

    reference_mean: float
    reference_max: float
    sdf_rmse: float
    sdf_rmse_band: float


def run(
    points: Path,
    machine: Machine,
    *,
    out: Path,
    seconds: float,
    resolution: int,
    reference: Path | None,
    keep_largest: bool,
    json: bool,
) -> str:
    """Fit the points in a file, write mesh and views of the zero set, and return what to print.

    `distance_mean` and `distance_max` are distances from the points to the mesh. `seconds` counts
    fitting and extraction, not reading, measuring and writing. Lengths are in the unit of the
    points; `…_rel` is the same as a fraction of the diagonal of their bounding box.
    """
    cloud, truth = read_points(points), read_mesh(reference) if reference else None
    _require_space(cloud, points)
    _require_place(out)
    machine.prepare()
    started = time.monotonic()
    with watching() as report:
        distance = fit_sdf(
            cloud,
            seconds=seconds,
            seed=machine.seed,
            device=machine.device,
            dtype=machine.precision or torch.float32,
            callbacks=[report],
        )
    mesh = distance.mesh(resolution)
    mesh = mesh.largest_component() if keep_largest else mesh
    elapsed = time.monotonic() - started
    write_mesh(out, mesh, distance.normals(mesh.vertices))
    plot_mesh(mesh, out.with_suffix(".png"), title=f"{points.name}, {seconds:g} s")
    lengths = _distances(cloud, mesh)
    if truth is not None:
        lengths |= vars(errors(distance, mesh, truth, machine.seed))
    return _answer(cloud, mesh, lengths, elapsed, out, json)


def errors(
    distance: SignedDistance, mesh: Mesh, reference: Mesh, seed: int = 0, samples: int = SAMPLES
) -> Errors:
    """How far a fit is from a reference mesh.

    `reference_mean` is the mean of the mean distances both ways, `reference_max` the larger of the
    largest ones. `sdf_rmse` is the root mean square of φ − the exact signed distance in the padded
    box of the fit, `sdf_rmse_band` the same where that distance is below `BAND`.
    """
    both = surface_errors(mesh, reference, samples=samples, seed=seed)
    rng = np.random.default_rng(seed)
    reach = distance.scale * distance.half
    box = distance.centre + rng.uniform(-1, 1, (SAMPLES, 3)) * reach
    width = BAND * distance.scale
    surface, normals = reference.sample(SAMPLES, seed)
    band = surface + rng.uniform(-width, width, (SAMPLES, 1)) * normals
    return Errors(
        both.chamfer,
        both.hausdorff,
        _rms(distance, reference, box, np.inf),
        _rms(distance, reference, band, width),
    )


def _rms(distance: SignedDistance, reference: Mesh, x: Floats, width: float) -> float:
    truth = signed_distance(x, reference)
    kept = np.abs(truth) <= width
    return float(np.sqrt(np.mean((distance(x[kept]) - truth[kept]) ** 2)))


def _require_place(out: Path) -> None:
    """The mesh must find its place before an hour of work, not after."""
    if out.suffix.lower() not in (".ply", ".obj"):
        raise ConfigError(f"`--out {out}` is no mesh format: write a name ending in .ply or .obj.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise StorageError(f"cannot make the folder `{out.parent}`: {cause}.") from cause


def _require_space(cloud: PointCloud, path: Path) -> None:
    if len(cloud.axes) != 3:
        raise DataFileError(
            f"`{path}` holds points in {len(cloud.axes)} coordinates; a surface needs x, y and z."
        )
    if len(cloud) < 4 or not np.ptp(cloud.positions.cpu().numpy(), axis=0).max() > 0:
        raise DataFileError(
            f"`{path}` holds {len(cloud)} points in one place or fewer than four; a surface needs "
            "at least four different points. Check that it is the file you mean."
        )


def _distances(cloud: PointCloud, mesh: Mesh) -> dict[str, float]:
    found = point_triangle_distance(cloud.positions.double().cpu().numpy(), mesh)
    return {"distance_mean": float(found.mean()), "distance_max": float(found.max())}


def _answer(
    cloud: PointCloud,
    mesh: Mesh,
    lengths: Mapping[str, float],
    seconds: float,
    out: Path,
    json: bool,
) -> str:
    low, high = cloud.bounds
    diagonal = float(np.linalg.norm(np.subtract(high, low)))
    answer: dict[str, Any] = {
        "points": len(cloud),
        "vertices": len(mesh.vertices),
        "faces": len(mesh.faces),
        "watertight": mesh.is_watertight,
        "components": mesh.components,
        "genus": mesh.genus,
        "seconds": seconds,
        "out": str(out),
    }
    if json:
        relative = {f"{name}_rel": value / diagonal for name, value in lengths.items()}
        return as_json({**answer, **lengths, **relative})
    answer["seconds"] = f"{seconds:.1f}"
    shown = {name: f"{v:.3g} ({v / diagonal:.1e} of the diagonal)" for name, v in lengths.items()}
    return as_table({name.replace("_", " "): value for name, value in {**answer, **shown}.items()})
