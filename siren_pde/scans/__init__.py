"""From points to a signed distance: cleaning, fitting, refining, inspection."""

from siren_pde.meshes.marching_cubes import extract
from siren_pde.meshes.mesh import Mesh
from siren_pde.scans.carrying import carried
from siren_pde.scans.fit import fit_sdf
from siren_pde.scans.inspection import Inspection, inspect
from siren_pde.scans.normals import estimate_normals
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.regularisers import (
    Area,
    Eikonal,
    Heat,
    Regulariser,
    SingularHessian,
    Viscosity,
)
from siren_pde.scans.signed_distance import SignedDistance

__all__ = [
    "Area",
    "Eikonal",
    "Heat",
    "Inspection",
    "Mesh",
    "OrientedCloud",
    "Regulariser",
    "SignedDistance",
    "SingularHessian",
    "Viscosity",
    "carried",
    "estimate_normals",
    "extract",
    "fit_sdf",
    "inspect",
]
