"""Views of meshes: what is nearer hides what is behind it, and the picture is a picture."""

import numpy as np
import pytest

from siren_pde.errors import StorageError
from siren_pde.meshes.mesh import Mesh
from siren_pde.plots import mesh as views
from siren_pde.plots.mesh import _shaded, plot_mesh

TETRAHEDRON = Mesh(
    np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]),
)


def test_the_nearest_sample_wins():
    patch = np.stack(np.meshgrid(*[np.linspace(-0.01, 0.01, 60)] * 2, [0.0]), -1).reshape(-1, 3)
    points = np.concatenate([patch - np.array([0, 0, 0.2]), patch + np.array([0, 0, 0.3])])
    tilted, facing = np.array([0.8, 0.0, 0.6]), np.array([0.0, 0.0, 1.0])
    normals = np.repeat([tilted, facing], len(patch), axis=0)
    ahead = 0.16 + 0.32 + 0.5 * 0.82  # what a surface facing us reflects
    assert _shaded(points, normals, (0, 1, 2)).min() == pytest.approx(ahead)
    behind = points * [1.0, 1.0, -1.0]
    assert _shaded(behind, normals, (0, 1, 2)).min() < ahead - 0.02


def test_open_surfaces_are_seen_from_behind():
    patch = np.stack(np.meshgrid(*[np.linspace(-0.01, 0.01, 60)] * 2, [0.0]), -1).reshape(-1, 3)
    away = np.tile([0.0, 0.0, -1.0], (len(patch), 1))
    assert _shaded(patch, away, (0, 1, 2)).min() == 1
    seen = _shaded(patch, away, (0, 1, 2), both_sides=True)
    np.testing.assert_array_equal(seen, _shaded(patch, -away, (0, 1, 2)))


def test_views_become_a_png(tmp_path, monkeypatch):
    monkeypatch.setattr(views, "SAMPLES", 20_000)
    path = tmp_path / "views.png"
    plot_mesh(TETRAHEDRON, path, title="a corner")
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(StorageError, match=r"views\.png"):
        plot_mesh(TETRAHEDRON, tmp_path / "none" / "views.png")
