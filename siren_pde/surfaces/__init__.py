"""From fields and point clouds to surfaces, and how far surfaces are from each other."""

from siren_pde.surfaces.extract import extract as extract
from siren_pde.surfaces.mesh import Mesh as Mesh
from siren_pde.surfaces.metrics import SurfaceErrors as SurfaceErrors
from siren_pde.surfaces.metrics import point_triangle_distance as point_triangle_distance
from siren_pde.surfaces.metrics import signed_distance as signed_distance
from siren_pde.surfaces.metrics import surface_errors as surface_errors
from siren_pde.surfaces.metrics import winding_number as winding_number
from siren_pde.surfaces.nearest import Nearest as Nearest
from siren_pde.surfaces.nearest import nearest_on_mesh as nearest_on_mesh
from siren_pde.surfaces.normals import estimate_normals as estimate_normals
