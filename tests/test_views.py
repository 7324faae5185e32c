"""Views of meshes: what is nearer hides what is behind it, and the picture is a picture."""

import numpy as np
import pytest

from siren_pde import views
from siren_pde.errors import StorageError
from siren_pde.surfaces.mesh import Mesh
from siren_pde.views import _shaded, plot_mesh

TETRAHEDRON = Mesh(
    np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]),
)


def test_the_nearest_sample_wins():
    points = np.array([[0.0, 0.0, -0.2], [0.0, 0.0, 0.3]])
    normals = np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]])
    seen = _shaded(points, normals, (0, 1, 2))
    assert seen.min() > 0.5  # the one facing us, bright, not the dark one behind it


def test_views_become_a_png(tmp_path, monkeypatch):
    monkeypatch.setattr(views, "SAMPLES", 20_000)
    path = tmp_path / "views.png"
    plot_mesh(TETRAHEDRON, path, title="a corner")
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(StorageError, match=r"views\.png"):
        plot_mesh(TETRAHEDRON, tmp_path / "none" / "views.png")
