"""Simplified meshes are smaller and still the same shape."""

import numpy as np
import pytest
import torch

from siren_pde.errors import ConfigError
from siren_pde.meshes.marching_cubes import extract
from siren_pde.meshes.metrics import surface_errors
from siren_pde.meshes.simplify import simplified

CUBE = ([-1.0, -1.0, -1.0], [1.0, 1.0, 1.0])


def ball(x: torch.Tensor) -> torch.Tensor:
    return x.norm(dim=1) - 0.7


def block(x: torch.Tensor) -> torch.Tensor:
    return x.abs().amax(dim=1) - 0.6123


@pytest.mark.parametrize("field", [ball, block])
@pytest.mark.parametrize("faces", [5000, 1000])
def test_few_triangles_keep_the_shape(field, faces):
    mesh = extract(field, *CUBE, resolution=64, dtype=torch.float64)
    small = simplified(mesh, faces)
    assert 0.5 * faces < len(small.faces) <= faces < len(mesh.faces)
    # Triangles with sides up to twice the root of their area sag by its square / 2r at most, and
    # flat ones lose what marching cubes cut off at edges, where cells are as wide.
    width = np.sqrt(mesh.area / faces)
    off = surface_errors(small, mesh, samples=5000)
    assert off.chamfer < 0.4 * width**2
    assert small.volume == pytest.approx(mesh.volume, rel=0.01)
    assert small.is_watertight and small.genus == 0


def knot(x: torch.Tensor) -> torch.Tensor:
    """The distance to a trefoil tube, as scans have them: thin, and near to itself."""
    s = torch.linspace(0, 2 * torch.pi, 601, dtype=x.dtype)[:-1]
    r = 2 + torch.cos(3 * s)
    centre = torch.stack([r * torch.cos(2 * s), r * torch.sin(2 * s), torch.sin(3 * s)], 1) / 3.6
    return torch.cdist(x, centre).amin(1) - 0.125


@pytest.mark.slow
@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e3])
def test_a_knot_of_few_triangles_is_closed_and_near_in_any_unit(unit):
    mesh = extract(knot, *CUBE, resolution=96, dtype=torch.float64).transformed(unit, 7 * unit)
    small = simplified(mesh, 3000)
    assert 2999 <= len(small.faces) <= 3000
    assert small.is_watertight and small.genus == 1
    off = surface_errors(small, mesh, samples=10_000)
    assert off.chamfer < 5e-4 * mesh.diagonal and off.hausdorff < 4e-3 * mesh.diagonal


def test_what_is_small_stays_as_it_is():
    mesh = extract(ball, *CUBE, resolution=12)
    assert simplified(mesh, 10**6) is mesh
    with pytest.raises(ConfigError, match="four triangles"):
        simplified(mesh, 3)
