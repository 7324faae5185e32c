"""Views of meshes: what is nearer hides what is behind it, and the picture is a picture."""

import numpy as np
import pytest

from siren_pde.errors import StorageError
from siren_pde.meshes.mesh import Mesh
from siren_pde.plots.mesh import _shaded, plot_mesh

TETRAHEDRON = Mesh(
    np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]),
)


TRIANGLE = np.array([[[-0.1, -0.1, 0], [0.1, -0.1, 0], [0, 0.1, 0]]])
AHEAD = 0.16 + 0.32 + 0.5 * 0.82
"""What a surface facing us reflects."""


def test_the_nearest_triangle_wins():
    tilted = TRIANGLE * [1.0, 1.0, 0.0] + TRIANGLE[..., :1] * [0, 0, 0.75] - [0, 0, 0.2]
    both = np.concatenate([tilted, TRIANGLE + np.array([0, 0, 0.3])])
    assert _shaded(both, (0, 1, 2)).min() == pytest.approx(AHEAD)
    behind = np.concatenate([tilted, TRIANGLE - np.array([0, 0, 0.6])])
    assert _shaded(behind, (0, 1, 2)).min() < AHEAD - 0.02


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (0, 2, 1)])
def test_views_look_at_the_sides_that_they_name(order):
    vertices = TETRAHEDRON.vertices[TETRAHEDRON.faces] - 0.25
    seen = _shaded(vertices, order)
    turned = _shaded(vertices[:, ::-1], order)
    assert seen.min() < 1 and turned.min() < 1
    assert (seen < 1).sum() == pytest.approx((turned < 1).sum(), rel=0.01)
    assert not np.array_equal(seen, turned)


def test_open_surfaces_are_seen_from_behind():
    away = TRIANGLE[:, ::-1]
    assert _shaded(away, (0, 1, 2)).min() == 1
    seen = _shaded(away, (0, 1, 2), both_sides=True)
    np.testing.assert_array_equal(seen, _shaded(TRIANGLE, (0, 1, 2)))


def test_views_become_a_png(tmp_path):
    path = tmp_path / "views.png"
    plot_mesh(TETRAHEDRON, path, title="a corner")
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(StorageError, match=r"views\.png"):
        plot_mesh(TETRAHEDRON, tmp_path / "none" / "views.png")
