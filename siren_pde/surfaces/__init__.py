"""From fields and point clouds to surfaces, and how far surfaces are from each other."""

from siren_pde.surfaces.extract import extract as extract
from siren_pde.surfaces.mesh import Mesh as Mesh
