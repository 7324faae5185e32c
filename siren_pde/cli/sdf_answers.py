"""What `siren-pde sdf` answers: numbers of a fit and its mesh, lengths among them, and a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from siren_pde.domains.cloud import PointCloud
from siren_pde.meshes.mesh import Mesh
from siren_pde.meshes.metrics import point_triangle_distance, surface_errors
from siren_pde.scans.inspection import BAND, box_and_band, inspect, rms_error
from siren_pde.scans.signed_distance import SignedDistance
from siren_pde.scans.uncertainty import say_uncertainty, uncertainty

Floats = npt.NDArray[np.float64]

SAMPLES = 50_000
"""Points for each measurement of errors against a reference."""
INSPECTED = 20_000
"""Points for each measurement without one."""
_LENGTHS = ("own_rmse", "own_rmse_band")
_WORDS = {
    "eikonal": "|∇φ| − 1, rms",
    "eikonal_away": "|∇φ| − 1 away from the medial axis",
    "eikonal_band": "|∇φ| − 1 near the surface",
    "far_share": "far from all points",
    "guessed_share": "guessed, since points do not tell",
    "normal_error": "normals, 1 − |cosine|",
    "uncertainty": "standard deviation of the surface, median",
    "unsupported_components": "components without points, left out",
    "open": "open surface",
    "boundary_loops": "boundary loops",
    "distance_mean": "points to mesh, mean",
    "distance_max": "points to mesh, largest",
    "own_rmse": "φ to its mesh, rms",
    "own_rmse_band": "φ to its mesh, near it",
}
"""What people read for the names that programs read."""


@dataclass(frozen=True)
class Errors:
    """Distances of the result to a reference mesh, in the unit of the points, and of normals."""

    reference_mean: float
    reference_max: float
    sdf_rmse: float
    sdf_rmse_band: float
    normal_error: float


@dataclass(frozen=True)
class Scan:
    """The points of a file, and the true surface if it is known."""

    cloud: PointCloud
    truth: Mesh | None


@final
@dataclass(frozen=True)
class Answers:
    """Plain numbers of a fit, and lengths in the unit of the points, both by name; and unit normals
    (v, 3) and standard deviations (v,) of the vertices.
    """

    numbers: dict[str, float | None]
    lengths: dict[str, float]
    diagonal: float
    normals: Floats
    deviations: Floats

    @classmethod
    def of(
        cls,
        distance: SignedDistance,
        scan: Scan,
        meshes: tuple[Mesh, Mesh],
        *,
        seconds: float,
        seed: int,
        fast: bool = False,
    ) -> Answers:
        """Measure a fit that took `seconds`: of it came a mesh, and all of {φ = 0}.

        If `fast`, at fewer points.
        """
        mesh, zero_set = meshes
        lengths = _distances(scan.cloud, mesh)
        samples = INSPECTED // 4 if fast else INSPECTED
        inspected = vars(inspect(distance, mesh, zero_set, samples=samples, seed=seed))
        shares = {name: value for name, value in inspected.items() if name not in _LENGTHS}
        lengths |= {name: inspected[name] for name in _LENGTHS}
        if scan.truth is not None:
            off = vars(errors(distance, mesh, scan.truth, seed))
            shares["normal_error"] = off["normal_error"]
            lengths |= {name: value for name, value in off.items() if name != "normal_error"}
        shape = {"open": distance.is_open} | _shape(scan.cloud, mesh)
        diagonal, normals = _diagonal(scan.cloud), distance.normals(mesh.vertices)
        told = uncertainty(distance, mesh, normals)
        say_uncertainty(told, diagonal)
        numbers = shape | shares | {"guessed_share": told.guessed_share, "seconds": seconds}
        lengths["uncertainty"] = float(np.median(told.deviations))
        return cls(numbers, lengths, diagonal, normals, told.deviations)

    def described(self) -> dict[str, float | None]:
        """For programs: lengths also as shares of the diagonal of the bounding box."""
        relative = {f"{name}_rel": value / self.diagonal for name, value in self.lengths.items()}
        return {**self.numbers, **self.lengths, **relative}

    def table(self) -> dict[str, object]:
        """The same for people."""
        plain = {n: f"{v:.3g}" if isinstance(v, float) else v for n, v in self.numbers.items()}
        shown = {
            name: f"{v:.3g} ({v / self.diagonal:.1e} of the diagonal)"
            for name, v in self.lengths.items()
        }
        plain |= {
            "far_share": f"{self.numbers['far_share']:.2%}",
            "guessed_share": f"{self.numbers['guessed_share']:.2%}",
            "seconds": f"{self.numbers['seconds']:.1f}",
        }
        return {_WORDS.get(n, n.replace("_", " ")): v for n, v in {**plain, **shown}.items()}


def errors(
    distance: SignedDistance, mesh: Mesh, reference: Mesh, seed: int = 0, samples: int = SAMPLES
) -> Errors:
    """How far a fit is from a reference mesh.

    `reference_mean` is the mean of the mean distances both ways, `reference_max` the larger of the
    largest ones. `sdf_rmse` is the root mean square of φ − the exact signed distance in the padded
    box of the fit, `sdf_rmse_band` the same where that distance is below `BAND`. `normal_error` is
    1 − |cosine| between normals, the mean both ways.
    """
    both = surface_errors(mesh, reference, samples=samples, seed=seed)
    box, band = box_and_band(distance, reference, samples, seed)
    return Errors(
        both.chamfer,
        both.hausdorff,
        rms_error(distance, reference, box),
        rms_error(distance, reference, band, BAND * distance.scale),
        both.normals,
    )


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
