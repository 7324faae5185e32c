"""`siren-pde sdf`: from points to a signed distance function, its mesh, and its errors."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from siren_pde.cli.answers import as_json, as_table
from siren_pde.cli.machine import Machine
from siren_pde.domains.cloud import PointCloud
from siren_pde.errors import ConfigError, StorageError
from siren_pde.io.readers import read_mesh, read_points
from siren_pde.io.results import save
from siren_pde.io.writers import write_mesh, write_volume
from siren_pde.meshes.mesh import Mesh
from siren_pde.meshes.metrics import point_triangle_distance, surface_errors
from siren_pde.meshes.simplify import simplified
from siren_pde.plots.mesh import plot_mesh
from siren_pde.plots.page import write_page
from siren_pde.scans.fit import fit_sdf
from siren_pde.scans.inspection import BAND, box_and_band, inspect, rms_error
from siren_pde.scans.signed_distance import SignedDistance
from siren_pde.solving.progress import watching
from siren_pde.solving.solve import announce

SAMPLES = 50_000
"""Points for each measurement of errors against a reference."""
INSPECTED = 20_000
"""Points for each measurement without one."""
VOLUME = 128
"""Cells along the longest side of a written volume."""
_LENGTHS = ("own_rmse", "own_rmse_band")
_WORDS = {
    "eikonal": "|∇φ| − 1, rms",
    "eikonal_band": "|∇φ| − 1 near the surface",
    "far_share": "far from all points",
    "unsupported_components": "components without points, left out",
    "boundary_loops": "holes",
    "distance_mean": "points to mesh, mean",
    "distance_max": "points to mesh, largest",
    "own_rmse": "φ to its mesh, rms",
    "own_rmse_band": "φ to its mesh, near it",
}
"""What people read for the names that programs read."""


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
    smooth: bool,
    keep_largest: bool,
    simplify: int | None,
    volume: Path | None,
    json: bool,
) -> str:
    """Fit the points in a file, write what came of it, and return what to print.

    Beside the mesh there will be the field (.h5), views (.png) and a page to look at (.html).
    `distance_mean` and `distance_max` are distances from the points to the mesh. `seconds` counts
    fitting and extraction, not reading, measuring and writing. Lengths are in the unit of the
    points; `…_rel` is the same as a fraction of the diagonal of their bounding box. For the rest
    see `Inspection` and `Errors`.
    """
    cloud, truth = read_points(points), read_mesh(reference) if reference else None
    _require_place(out, volume)
    machine.prepare()
    started = time.monotonic()
    with watching() as report:
        distance = fit_sdf(
            cloud,
            seconds=seconds,
            seed=machine.seed,
            refine=not smooth,
            device=machine.device,
            dtype=machine.precision or torch.float32,
            callbacks=[report],
            quiet=False,
        )
    announce(f"the surface is followed through {resolution} cells")
    zero_set = distance.zero_set(resolution)
    mesh = distance.without_unsupported(zero_set, resolution)
    mesh = mesh.largest_component() if keep_largest else mesh
    mesh = mesh if simplify is None else simplified(mesh, simplify)
    elapsed = time.monotonic() - started
    announce("errors are measured")
    lengths = _distances(cloud, mesh)
    inspected = vars(inspect(distance, mesh, zero_set, samples=INSPECTED, seed=machine.seed))
    shares = {name: value for name, value in inspected.items() if name not in _LENGTHS}
    lengths |= {name: inspected[name] for name in _LENGTHS}
    if truth is not None:
        lengths |= vars(errors(distance, mesh, truth, machine.seed))
    numbers = _shape(cloud, mesh) | shares | {"seconds": elapsed}
    table = _table(numbers, lengths, _diagonal(cloud))
    _write(distance, mesh, out, table, points.name)
    if volume is not None:
        write_volume(volume, *distance.grid(VOLUME))
    if not json:
        return as_table({**table, "out": out})
    relative = {f"{name}_rel": value / _diagonal(cloud) for name, value in lengths.items()}
    return as_json({**numbers, "out": str(out), **lengths, **relative})


def _write(
    distance: SignedDistance, mesh: Mesh, out: Path, table: Mapping[str, object], title: str
) -> None:
    """Mesh, function, views and page."""
    write_mesh(out, mesh, distance.normals(mesh.vertices))
    save(distance, out.with_suffix(".h5"))
    plot_mesh(mesh, out.with_suffix(".png"), title=title)
    write_page(out.with_suffix(".html"), distance, mesh, table, title=title)


def errors(
    distance: SignedDistance, mesh: Mesh, reference: Mesh, seed: int = 0, samples: int = SAMPLES
) -> Errors:
    """How far a fit is from a reference mesh.

    `reference_mean` is the mean of the mean distances both ways, `reference_max` the larger of the
    largest ones. `sdf_rmse` is the root mean square of φ − the exact signed distance in the padded
    box of the fit, `sdf_rmse_band` the same where that distance is below `BAND`.
    """
    both = surface_errors(mesh, reference, samples=samples, seed=seed)
    box, band = box_and_band(distance, reference, samples, seed)
    return Errors(
        both.chamfer,
        both.hausdorff,
        rms_error(distance, reference, box),
        rms_error(distance, reference, band, BAND * distance.scale),
    )


def _require_place(out: Path, volume: Path | None) -> None:
    """The results must find their place before an hour of work, not after."""
    if out.suffix.lower() not in (".ply", ".obj", ".stl"):
        raise ConfigError(
            f"`--out {out}` is no mesh format: write a name ending in .ply, .obj or .stl."
        )
    if volume is not None and volume.suffix.lower() != ".vti":
        raise ConfigError(f"`--volume {volume}` is no VTK volume: write a name ending in .vti.")
    for folder in {path.parent for path in (out, volume) if path is not None}:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise StorageError(f"cannot make the folder `{folder}`: {cause}.") from cause


def _distances(cloud: PointCloud, mesh: Mesh) -> dict[str, float]:
    distances = point_triangle_distance(cloud.positions.double().cpu().numpy(), mesh)
    return {"distance_mean": float(distances.mean()), "distance_max": float(distances.max())}


def _diagonal(cloud: PointCloud) -> float:
    low, high = cloud.bounds
    return float(np.linalg.norm(np.subtract(high, low)))


def _shape(cloud: PointCloud, mesh: Mesh) -> dict[str, float | None]:
    return {
        "points": len(cloud),
        "vertices": len(mesh.vertices),
        "faces": len(mesh.faces),
        "watertight": mesh.is_watertight,
        "components": mesh.components,
        "genus": mesh.genus,
    }


def _table(
    numbers: Mapping[str, float | None], lengths: Mapping[str, float], diagonal: float
) -> dict[str, object]:
    """The same for people."""
    plain = {name: f"{v:.3g}" if isinstance(v, float) else v for name, v in numbers.items()}
    shown = {name: f"{v:.3g} ({v / diagonal:.1e} of the diagonal)" for name, v in lengths.items()}
    plain |= {"far_share": f"{numbers['far_share']:.2%}", "seconds": f"{numbers['seconds']:.1f}"}
    return {_WORDS.get(n, n.replace("_", " ")): v for n, v in {**plain, **shown}.items()}
