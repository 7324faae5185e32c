"""A mesh cut along a level of a function: what is left, and its boundary."""

import numpy as np
import pytest

from siren_pde.errors import DomainError
from siren_pde.meshes.crossings import crossings
from siren_pde.meshes.cut import cut
from siren_pde.meshes.mesh import Mesh
from siren_pde.meshes.topology import boundary_edges


def square(cells: int = 12) -> Mesh:
    """The unit square in the plane z = 0, in triangles."""
    ticks = np.linspace(0, 1, cells + 1)
    x, y = (axis.ravel() for axis in np.meshgrid(ticks, ticks, indexing="ij"))
    low = (np.arange(cells)[:, None] * (cells + 1) + np.arange(cells)).ravel()
    a, b, c, d = low, low + cells + 1, low + cells + 2, low + 1
    faces = np.concatenate([np.stack(t, 1) for t in ((a, b, c), (a, c, d))])
    return Mesh(np.stack([x, y, 0 * x], 1), faces)


def test_a_linear_function_is_cut_where_it_vanishes() -> None:
    whole = square()
    values = 2 * whole.vertices[:, 0] + whole.vertices[:, 1] - 1.234
    part = cut(whole, values)
    assert part.area == pytest.approx(1.234**2 / 4 - 0.234**2 / 4, rel=1e-3)
    assert (2 * part.vertices[:, 0] + part.vertices[:, 1]).max() < 1.234 + 1e-3
    assert (part.components, part.boundary_loops) == (1, 1)
    assert (part.face_normals[:, 2] > 0).all() and part.face_areas.min() > 0


def test_boundaries_are_simple_loops() -> None:
    whole = square(40)
    x, y = 6 * np.pi * whole.vertices[:, :2].T
    part = cut(whole, np.sin(x) * np.sin(y) - 0.3)
    degree = np.bincount(boundary_edges(part.faces, len(part.vertices)).ravel())
    assert set(degree.tolist()) <= {0, 2}  # each boundary point has two neighbours
    assert part.boundary_loops > 5


def test_all_or_nothing_is_left() -> None:
    whole = square()
    ones = np.ones(len(whole.vertices))
    assert cut(whole, -ones).area == pytest.approx(1)
    assert len(cut(whole, ones).faces) == 0
    with pytest.raises(DomainError, match="finite value"):
        cut(whole, ones[1:])
    with pytest.raises(DomainError, match="finite value"):
        cut(whole, np.nan * ones)


@pytest.mark.parametrize("away", [1e-3, 1e-5])
def test_edges_are_cut_where_what_is_linear_vanishes_but_not_at_their_ends(away: float) -> None:
    start = np.array([-1.0, -3.0, 2.0, -0.0, 1.0, 0.0])
    end = np.array([1.0, 1.0, -6.0, 5.0, -1e-9, 0.0])
    share = crossings(start, end, away)
    np.testing.assert_allclose(share[:3], [0.5, 0.75, 0.25])
    np.testing.assert_array_equal(share[3:], [away, 1 - away, away])
