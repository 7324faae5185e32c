"""Errors of a fitted distance function that need no reference: eikonal, own mesh, own points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.mesh import Mesh, unit
from siren_pde.meshes.metrics import point_triangle_distance, signed_distance
from siren_pde.meshes.nearest import nearest_on_mesh
from siren_pde.scans.signed_distance import SignedDistance
from siren_pde.scans.trim import sides

Floats = npt.NDArray[np.float64]

BAND = 0.1
"""Half-width of the band around a surface, where the padded box is scaled to [−1, 1]."""
AWAY, STRAIGHT = 0.025, 30.0
"""Away from the medial axis, the directions to the nearest points of the surface, from four points
so far around, differ by less than this angle in degrees.
"""
FAR = 3.0
"""Surface farther than this many median spacings from all points is supported by none."""


@final
@dataclass(frozen=True)
class Inspection:
    """How near a field is to the distance of its own surface, and what that surface is.

    `eikonal` is the root mean square of |∇φ| − 1 in the padded box, `eikonal_band` in the band
    around the surface; a distance has zero. `eikonal_away` is that in the box without the medial
    axis, where a distance has a kink; None where all is near it. `own_rmse` and `own_rmse_band` are
    those of φ − the exact signed distance to the mesh, in the unit of the points. `far_share` is
    the share of the zero set's area that is farther than three median spacings from every point:
    surface that was invented, across holes of the scan or away from it. `unsupported_components`
    counts the components of the zero set that were left out, `boundary_loops` the holes of the
    mesh.

    Past its ends an open surface has no sides: there nothing is measured, and the errors of φ are
    those of |φ|, for its sign is that of the side it is seen from. `far_share` is that of the mesh,
    for of the zero set only what points support is surface, and the spacing that of the points
    there, the side of the square that belongs to each: terrain has dense strips and sparse ones.
    """

    eikonal: float
    eikonal_away: float | None
    eikonal_band: float
    own_rmse: float
    own_rmse_band: float
    far_share: float
    unsupported_components: int
    boundary_loops: int


def inspect(
    distance: SignedDistance, mesh: Mesh, zero_set: Mesh, *, samples: int = 20_000, seed: int = 0
) -> Inspection:
    """Measure a fit against the mesh that was made of it, at `samples` points in box and band.

    `zero_set` is all of {φ = 0}, of which `mesh` is what was kept. Raises `DomainError` for a mesh
    without area.
    """
    box, band = box_and_band(distance, mesh, samples, seed)
    width = BAND * distance.scale
    away = away_from_medial_axis(distance, mesh, box[::4])
    return Inspection(
        eikonal=_stretch(distance, box),
        eikonal_away=_stretch(distance, away) if len(away) else None,
        eikonal_band=_stretch(distance, band),
        own_rmse=rms_error(distance, mesh, box),
        own_rmse_band=rms_error(distance, mesh, band, width),
        far_share=_far_share(distance, mesh, zero_set, samples, seed),
        unsupported_components=max(zero_set.components - mesh.components, 0),
        boundary_loops=mesh.boundary_loops,
    )


def _far_share(
    distance: SignedDistance, mesh: Mesh, zero_set: Mesh, samples: int, seed: int
) -> float:
    if not distance.is_open:
        far = distance.to_points(zero_set.sample(samples, seed)[0])
        return float(np.mean(far > FAR * distance.scale * distance.cloud.spacing))
    x = (mesh.sample(samples, seed)[0] - distance.centre) / distance.scale
    near, index = distance.cloud.near(x, 1)
    return float(np.mean(near[:, 0] > FAR * sides(distance.cloud)[index[:, 0]]))


def box_and_band(
    distance: SignedDistance, surface: Mesh, samples: int, seed: int
) -> tuple[Floats, Floats]:
    """Points (n, 3) in the padded box, and those of as many around a surface that lie in it.

    Those past the ends of an open surface are left out.
    """
    rng = np.random.default_rng(seed)
    low, high = distance.bounds
    box = rng.uniform(low, high, (samples, 3))
    width = BAND * distance.scale
    on_it, normals = surface.sample(samples, seed)
    band = on_it + rng.uniform(-width, width, (samples, 1)) * normals
    band = band[((band >= low) & (band <= high)).all(1)]
    return box[distance.is_known(box)], band[distance.is_known(band)]


def rms_error(distance: SignedDistance, reference: Mesh, x: Floats, width: float = np.inf) -> float:
    """The root mean square of φ − the signed distance to a mesh, at x within `width`.

    Of |φ| − the distance, if the surface is open.
    """
    truth = (point_triangle_distance if distance.is_open else signed_distance)(x, reference)
    kept = np.abs(truth) <= width
    values = distance(x[kept])
    return _rms((np.abs(values) if distance.is_open else values) - truth[kept])


def away_from_medial_axis(distance: SignedDistance, mesh: Mesh, x: Floats) -> Floats:
    """Those of x (n, 3) around which all that is nearest on a mesh lies in one direction."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    around = (x[:, None] + AWAY * distance.scale * corners).reshape(-1, 3)
    around = around.clip(*distance.bounds)
    outward = around - nearest_on_mesh(around, mesh).point
    outward = unit(outward * np.sign(distance(around))[:, None]).reshape(-1, 4, 3)
    alike = np.einsum("nid,njd->nij", outward, outward).min(axis=(1, 2))
    return np.asarray(x[alike > np.cos(np.radians(STRAIGHT))])


def _stretch(distance: SignedDistance, x: Floats) -> float:
    slope = np.linalg.norm(distance.gradient(x), axis=1)
    return _rms(slope - 1)


def _rms(values: Floats) -> float:
    """NaN where there is nothing to be measured."""
    return float(np.sqrt(np.mean(values**2))) if len(values) else math.nan
