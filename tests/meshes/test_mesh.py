"""Laws of meshes: what closedness, handles, pieces and areas must be on shapes that are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siren_pde.errors import DomainError
from siren_pde.meshes.mesh import Mesh
from tests.typed import mesh_of


def cube(low: float = 0.0, high: float = 1.0) -> Mesh:
    corners = np.array([[c & 1, c >> 1 & 1, c >> 2 & 1] for c in range(8)]) * (high - low) + low
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    return mesh_of(corners, [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])


def torus(n: int, m: int) -> Mesh:
    u, v = (2 * np.pi * a for a in np.meshgrid(np.arange(n) / n, np.arange(m) / m, indexing="ij"))
    ring = 2 + 0.7 * np.cos(v)
    points = np.stack([ring * np.cos(u), ring * np.sin(u), 0.7 * np.sin(v)], axis=-1)
    i, j = (a.ravel() for a in np.meshgrid(np.arange(n), np.arange(m), indexing="ij"))
    a, b = i * m + j, (i + 1) % n * m + j
    c, d = (i + 1) % n * m + (j + 1) % m, i * m + (j + 1) % m
    return Mesh(points.reshape(-1, 3), np.concatenate([np.c_[a, b, c], np.c_[a, c, d]]))


def together(*meshes: Mesh) -> Mesh:
    starts = np.cumsum([0] + [len(m.vertices) for m in meshes])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.faces + s for m, s in zip(meshes, starts, strict=False)]),
    )


def test_cube_is_what_a_cube_is() -> None:
    mesh = cube()
    assert mesh.is_watertight and mesh.genus == 0
    assert mesh.components == 1 and mesh.boundary_loops == 0
    assert mesh.area == pytest.approx(6) and mesh.volume == pytest.approx(1)
    assert mesh.diagonal == pytest.approx(3**0.5)


@pytest.mark.parametrize(("n", "m"), [(3, 3), (8, 5), (40, 20)])
def test_torus_has_one_handle(n: int, m: int) -> None:
    mesh = torus(n, m)
    assert mesh.is_watertight and mesh.genus == 1 and mesh.components == 1 and mesh.volume > 0


def test_genus_adds_up_over_components() -> None:
    mesh = together(torus(9, 7), torus(5, 5).transformed(1, (9, 0, 0)), cube(20, 21))
    assert mesh.is_watertight and mesh.components == 3 and mesh.genus == 2
    assert mesh.largest_component().genus == 1
    assert len(mesh.largest_component().vertices) == 9 * 7


def test_two_cubes_that_touch_in_a_vertex_have_no_handle() -> None:
    both = together(cube(0, 1), cube(1, 2))
    welded = Mesh(both.vertices, np.where(both.faces == 8, 7, both.faces))
    assert welded.is_watertight and welded.components == 1 and welded.genus == 0


@pytest.mark.parametrize("removed", range(12))
def test_a_missing_face_is_a_hole(removed: int) -> None:
    mesh = Mesh(cube().vertices, np.delete(cube().faces, removed, axis=0))
    assert not mesh.is_watertight and mesh.genus is None and mesh.boundary_loops == 1


def test_flipped_doubled_and_missing_faces_are_not_watertight() -> None:
    faces = cube().faces.copy()
    flipped = faces.copy()
    flipped[0] = flipped[0, ::-1]
    for broken in (flipped, np.concatenate([faces, faces[:1]]), faces[:0]):
        assert not Mesh(cube().vertices, broken).is_watertight


def test_two_opposite_missing_faces_are_two_holes() -> None:
    mesh = Mesh(cube().vertices, cube().faces[4:])
    assert mesh.boundary_loops == 2


def test_loose_vertices_do_not_count() -> None:
    mesh = Mesh(np.concatenate([cube().vertices, [[9.0, 9, 9]]]), cube().faces)
    assert mesh.is_watertight and mesh.genus == 0 and mesh.components == 1
    assert len(mesh.largest_component().vertices) == 8


def test_vertex_normals_of_a_cube_point_along_its_diagonals() -> None:
    # The angles of the three faces at a corner sum to 90° each, however these are triangulated.
    expected = np.sign(cube(-1, 1).vertices) / 3**0.5
    np.testing.assert_allclose(cube(-1, 1).vertex_normals, expected, atol=1e-15)


@given(
    scale=st.floats(1e-3, 1e3),
    offset=st.tuples(*[st.floats(-1e3, 1e3)] * 3),
)
def test_similarity_scales_area_and_keeps_topology(
    scale: float, offset: tuple[float, float, float]
) -> None:
    mesh = cube().transformed(scale, offset)
    # Areas come from differences of coordinates: relative rounding grows with |offset|/scale.
    slack = 1e-14 * (1 + max(map(abs, offset)) / scale)
    assert mesh.area == pytest.approx(6 * scale**2, rel=slack)
    assert mesh.is_watertight and mesh.genus == 0


def test_samples_are_spread_by_area_and_lie_on_the_surface() -> None:
    mesh = together(cube(0, 1), cube(5, 8))
    points, normals = mesh.sample(40_000, seed=3)
    large = points[:, 0] > 4
    # 9/10 of the area: a binomial proportion, five standard deviations wide.
    assert large.mean() == pytest.approx(0.9, abs=5 * (0.9 * 0.1 / 40_000) ** 0.5)
    local = np.where(large[:, None], (points - 5) / 3, points)
    axis = np.abs(normals).argmax(axis=1)
    on_face = np.take_along_axis(local, axis[:, None], axis=1)[:, 0]
    outward = np.take_along_axis(normals, axis[:, None], axis=1)[:, 0]
    np.testing.assert_allclose(on_face, (outward + 1) / 2, atol=1e-14)
    np.testing.assert_array_equal(points, mesh.sample(40_000, seed=3)[0])
    assert not np.array_equal(points, mesh.sample(40_000, seed=4)[0])


def test_degenerate_faces_have_zero_normals_and_are_never_sampled() -> None:
    mesh = mesh_of([[0, 0, 0], [1, 0, 0], [0, 1, 0], [2, 0, 0]], [[0, 1, 3], [0, 1, 2]])
    np.testing.assert_array_equal(mesh.face_normals, [[0, 0, 0], [0, 0, 1]])
    assert (mesh.sample(1000)[1] == [0, 0, 1]).all()


def test_tiny_and_huge_meshes_have_unit_normals() -> None:
    for scale in (1e-120, 1e120):
        lengths = np.linalg.norm(cube().transformed(scale).face_normals, axis=1)
        np.testing.assert_allclose(lengths, 1, rtol=1e-12)


@pytest.mark.parametrize("faces", [[[0, 1, 8]], [[-1, 0, 1]]])
def test_faces_name_existing_vertices(faces: list[list[int]]) -> None:
    with pytest.raises(DomainError, match="8 vertices"):
        mesh_of(cube().vertices, faces)


def test_vertices_are_finite() -> None:
    with pytest.raises(DomainError, match="vertex 1"):
        mesh_of(np.array([[0, 0, 0], [np.nan, 0, 0], [0, 1, 0]]), [[0, 1, 2]])


def test_impossible_requests_say_so() -> None:
    empty = mesh_of(np.zeros((0, 3)), np.zeros((0, 3)))
    assert empty.components == 0 and empty.diagonal == 0 and empty.boundary_loops == 0
    with pytest.raises(DomainError, match="largest component"):
        empty.largest_component()
    with pytest.raises(DomainError, match="area is zero"):
        empty.sample(3)
    with pytest.raises(DomainError, match="scale > 0"):
        cube().transformed(-1)
