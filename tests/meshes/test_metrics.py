"""Distances to meshes against formulas, brute force and the definition of a distance."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siren_pde.errors import DomainError, NonFiniteError
from siren_pde.meshes import nearest as nearest_module
from siren_pde.meshes.folds import folded
from siren_pde.meshes.mesh import Mesh
from siren_pde.meshes.metrics import (
    point_triangle_distance,
    signed_distance,
    surface_errors,
    winding_number,
)
from siren_pde.meshes.nearest import nearest_on_mesh
from siren_pde.meshes.triangle_tree import TriangleTree
from tests.typed import mesh_of


@pytest.fixture(autouse=True, scope="module", params=["libigl", "our tree"])
def search(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every law holds for both ways to find the nearest face."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "libigl":
            pytest.importorskip("igl", reason="the extra `scans` is not installed")
        else:
            patch.setattr(nearest_module, "nearest_faces", nearest_by_tree)
        yield request.param


def nearest_by_tree(points: np.ndarray, mesh: Mesh) -> np.ndarray:
    return TriangleTree.of(mesh).nearest(points)


def box_mesh(half: tuple[float, float, float]) -> Mesh:
    corners = np.array([[c & 1, c >> 1 & 1, c >> 2 & 1] for c in range(8)]) * 2.0 - 1
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    faces = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]
    return mesh_of(corners * half, faces)


def box_distance(points: np.ndarray, half: tuple[float, float, float]) -> np.ndarray:
    q = np.abs(points) - half
    return np.linalg.norm(np.maximum(q, 0), axis=1) + np.minimum(q.max(axis=1), 0)


def sphere_mesh(n: int) -> Mesh:
    """A globe of n by 2n patches, with poles where 2n thin triangles meet."""
    theta = np.pi * np.arange(1, n) / n
    phi = np.pi * np.arange(2 * n) / n
    t, p = np.meshgrid(theta, phi, indexing="ij")
    ring = np.stack([np.sin(t) * np.cos(p), np.sin(t) * np.sin(p), np.cos(t)], axis=-1)
    vertices = np.concatenate([ring.reshape(-1, 3), [[0, 0, 1], [0, 0, -1]]])
    i, j = (a.ravel() for a in np.meshgrid(np.arange(n - 2), np.arange(2 * n), indexing="ij"))
    k = (j + 1) % (2 * n)
    a, b, c, d = i * 2 * n + j, (i + 1) * 2 * n + j, (i + 1) * 2 * n + k, i * 2 * n + k
    last, j = (n - 2) * 2 * n, np.arange(2 * n)
    k, top, bottom = (j + 1) % (2 * n), np.full(2 * n, len(vertices) - 2), len(vertices) - 1
    caps = [np.c_[top, j, k], np.c_[top * 0 + bottom, last + k, last + j]]
    return Mesh(vertices, np.concatenate([np.c_[a, b, c], np.c_[a, c, d], *caps]))


def brute_force(points: np.ndarray, mesh: Mesh) -> np.ndarray:
    """The distance by minimising |x − a − s u − t v|² over the triangle: inside, then its sides."""
    best = np.full(len(points), np.inf)
    for a, b, c in mesh.triangles:
        for p, q in ((a, b), (b, c), (c, a)):
            length = (q - p) @ (q - p)
            s = np.clip((points - p) @ (q - p) / length, 0, 1) if length > 0 else np.zeros(1)
            best = np.minimum(best, np.linalg.norm(points - p - s[:, None] * (q - p), axis=1))
        basis = np.stack([b - a, c - a], axis=1)
        if np.linalg.matrix_rank(basis, tol=1e-9) == 2:
            st, *_ = np.linalg.lstsq(basis, (points - a).T, rcond=None)
            foot = (basis @ st).T + a
            inside = (st >= 0).all(axis=0) & (st.sum(axis=0) <= 1)
            reach = np.linalg.norm(points - foot, axis=1)
            best = np.where(inside, np.minimum(best, reach), best)
    return best


@pytest.mark.parametrize("half", [(1, 1, 1), (0.2, 1, 3), (1e-3, 1, 1)])
def test_box_has_its_signed_distance(half: tuple[float, float, float]) -> None:
    draw = np.random.default_rng(0)
    points = draw.uniform(-2, 2, (4000, 3)) * half
    points = np.concatenate([points, draw.normal(size=(1000, 3)) * 4])
    found = signed_distance(points, box_mesh(half))
    np.testing.assert_allclose(found, box_distance(points, half), atol=1e-13)


def test_points_on_the_surface_are_at_distance_zero() -> None:
    mesh = sphere_mesh(20)
    assert point_triangle_distance(mesh.sample(2000)[0], mesh).max() < 1e-15
    assert point_triangle_distance(mesh.vertices, mesh).max() == 0


def test_globe_is_near_the_sphere_and_its_sign_is_right() -> None:
    mesh = sphere_mesh(64)
    points = np.random.default_rng(1).uniform(-1.5, 1.5, (3000, 3))
    exact = np.linalg.norm(points, axis=1) - 1
    # The globe lies between the spheres of radius 1 and cos²(π/128).
    found = signed_distance(points, mesh)
    assert (found >= exact - 1e-12).all() and (found <= exact + 1.3e-3).all()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    faces=st.integers(1, 60),
    stretch=st.sampled_from([1.0, 1e-3, 1e3]),
    grid=st.booleans(),
)
def test_distances_equal_brute_force(seed: int, faces: int, stretch: float, grid: bool) -> None:
    """Triangle soups of any shape, on small grids also degenerate ones and exact ties."""
    draw = np.random.default_rng(seed)
    if grid:
        vertices = draw.integers(0, 3, (3 * faces, 3)).astype(float)
        points = draw.integers(-1, 4, (50, 3)).astype(float)
    else:
        vertices, points = draw.normal(size=(3 * faces, 3)), 2 * draw.normal(size=(50, 3))
    scale = np.array([1, 1, stretch])
    mesh = Mesh(vertices * scale, np.arange(3 * faces).reshape(-1, 3))
    expected = brute_force(points * scale, mesh)
    # lstsq forms the foot point with the condition of the triangle, hence not 1e-15
    np.testing.assert_allclose(
        point_triangle_distance(points * scale, mesh), expected, atol=1e-9 * max(stretch, 1)
    )


@pytest.mark.parametrize("shape", [(0, 0, 0), (1e-5, 0, 0)])
def test_the_middle_of_a_sphere_where_everything_is_as_near(
    shape: tuple[float, float, float],
) -> None:
    mesh, points = sphere_mesh(20), np.tile(np.asarray(shape, dtype=float), (3, 1))
    np.testing.assert_allclose(
        point_triangle_distance(points, mesh), brute_force(points, mesh), rtol=1e-12
    )


def test_one_large_triangle_among_many_small_ones() -> None:
    small = sphere_mesh(20)
    vertices = np.concatenate([small.vertices, [[-50, -50, -2], [50, -50, -2], [0, 90, -2]]])
    mesh = Mesh(vertices, np.concatenate([small.faces, [np.arange(3) + len(small.vertices)]]))
    points = np.random.default_rng(2).uniform(-4, 4, (300, 3))
    np.testing.assert_allclose(
        point_triangle_distance(points, mesh), brute_force(points, mesh), atol=1e-12
    )


@pytest.mark.parametrize("reach", [1e-6, 0.1, 10.0])
def test_libigl_and_our_tree_agree(reach: float, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("igl", reason="the extra `scans` is not installed")
    mesh, draw = sphere_mesh(40), np.random.default_rng(4)
    points = np.concatenate([mesh.sample(5000)[0], mesh.vertices])
    points += reach * draw.normal(size=points.shape)
    by_libigl = nearest_on_mesh(points, mesh).distance
    monkeypatch.setattr(nearest_module, "nearest_faces", nearest_by_tree)
    by_tree = nearest_on_mesh(points, mesh).distance
    # Near the surface, what is relative to the distance is the rounding of coordinates near 1.
    np.testing.assert_allclose(by_libigl, by_tree, rtol=2e-14, atol=1e-15)


def test_nearest_point_face_and_distance_belong_together() -> None:
    mesh = sphere_mesh(16)
    points = np.random.default_rng(3).normal(size=(500, 3))
    nearest = nearest_on_mesh(points, mesh)
    reach = np.linalg.norm(points - nearest.point, axis=1)
    np.testing.assert_allclose(nearest.distance, reach, rtol=1e-15)
    corners = mesh.triangles[nearest.face]
    basis = np.stack([corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]], axis=2)
    rise = (nearest.point - corners[:, 0])[:, :, None]
    inner = (np.linalg.pinv(basis) @ rise)[:, :, 0]
    assert (inner >= -1e-12).all() and (inner.sum(axis=1) <= 1 + 1e-12).all()
    np.testing.assert_allclose((basis @ inner[:, :, None]), rise, atol=1e-14)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), scale=st.floats(1e-4, 1e4))
def test_distance_is_lipschitz_and_follows_similarities(seed: int, scale: float) -> None:
    draw = np.random.default_rng(seed)
    mesh = box_mesh((1.0, 0.5, 0.25))
    x, y = draw.normal(size=(2, 100, 3))
    a, b = signed_distance(x, mesh), signed_distance(y, mesh)
    assert (np.abs(a - b) <= np.linalg.norm(x - y, axis=1) + 1e-14).all()
    offset = draw.normal(size=3)
    moved = signed_distance(scale * x + offset, mesh.transformed(scale, offset))
    np.testing.assert_allclose(moved, scale * a, atol=1e-14 * (1 + scale) * 10)


def test_winding_number_is_one_inside_and_zero_outside() -> None:
    half = (0.3, 0.7, 1.1)
    points = np.random.default_rng(5).uniform(-1.5, 1.5, (3000, 3))
    inside = box_distance(points, half) < 0
    np.testing.assert_allclose(winding_number(points, box_mesh(half)), inside, atol=1e-12)


def test_an_open_mesh_still_has_an_inside() -> None:
    mesh = sphere_mesh(24)
    open_mesh = Mesh(mesh.vertices, np.delete(mesh.faces, slice(30, 60), axis=0))
    assert not open_mesh.is_watertight
    points = np.random.default_rng(6).uniform(-1.3, 1.3, (1500, 3))
    away = point_triangle_distance(points, open_mesh) > 0.15
    closed, opened = signed_distance(points, mesh), signed_distance(points, open_mesh)
    assert np.array_equal(np.sign(closed[away]), np.sign(opened[away]))


def fine_cube(rounds: int = 3) -> Mesh:
    """The cube [−1, 1]³, each triangle in four, again and again."""
    mesh = box_mesh((1, 1, 1))
    for _ in range(rounds):
        edges = np.sort(np.stack([mesh.faces, np.roll(mesh.faces, -1, axis=1)], axis=2), axis=2)
        unique, number = np.unique(edges.reshape(-1, 2), axis=0, return_inverse=True)
        middles = mesh.vertices[unique].mean(axis=1)
        ab, bc, ca = (number.reshape(-1, 3) + len(mesh.vertices)).T
        a, b, c = mesh.faces.T
        parts = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
        faces = np.concatenate([np.stack(part, axis=1) for part in parts])
        mesh = Mesh(np.concatenate([mesh.vertices, middles]), faces)
    return mesh


@pytest.mark.parametrize("move", [(0.6, 0.1), (0.25, 0.0), (0.125, 0.3), (0.3, -0.7)])
@pytest.mark.parametrize("turned", [False, True])
def test_folds_leave_all_signs_right(move: tuple[float, float], turned: bool) -> None:
    """Within its face a vertex is moved past its neighbours: the surface stays where it was."""
    mesh = fine_cube()
    vertices = mesh.vertices.copy()
    at = int(np.linalg.norm(vertices - [0.25, 0.25, 1.0], axis=1).argmin())
    vertices[at, :2] += move
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0] if turned else np.eye(3)
    turn *= np.sign(np.linalg.det(turn))
    folded_mesh = Mesh(vertices @ turn.T, mesh.faces)
    assert folded_mesh.is_watertight
    draw = np.random.default_rng(8)
    points = draw.uniform(-1.5, 1.5, (1500, 3))
    above = np.array([*vertices[at, :2], 1.0]) + draw.uniform(-0.5, 0.5, (1500, 3))
    points = np.concatenate([points, above])
    points = points[np.abs(box_distance(points, (1, 1, 1))) > 1e-6]
    np.testing.assert_allclose(
        signed_distance(points @ turn.T, folded_mesh), box_distance(points, (1, 1, 1)), atol=1e-12
    )


def test_bodies_without_folds_are_not_folded() -> None:
    two = box_mesh((1, 1, 1))
    there = Mesh(
        np.concatenate([two.vertices, 0.1 * two.vertices + 5]),
        np.concatenate([two.faces, two.faces + len(two.vertices)]),
    )
    for mesh in (there, fine_cube(1), sphere_mesh(24)):
        assert not folded(mesh).any()


def test_surfaces_differ_by_what_they_differ() -> None:
    cube, wider = box_mesh((1, 1, 1)), box_mesh((1, 1, 1.5))
    same = surface_errors(cube, cube, samples=2000)
    assert same.hausdorff < 1e-15 and same.chamfer < 1e-15
    errors = surface_errors(cube, wider, samples=20_000)
    # The lids, a third of the cube, are inside by min(½, 1 − max(|x|, |y|)), on average 7/24.
    # Back, a quarter of the wider box is off by ½ and another quarter by ¼ on average.
    # Means: six standard deviations of 20,000 samples, each at most ½ · ½.
    slack = 6 * 0.25 / 20_000**0.5
    assert errors.mean_to_reference == pytest.approx(7 / 72, abs=slack)
    assert errors.mean_from_reference == pytest.approx(1 / 4 / 2 + 1 / 4 / 4, abs=slack)
    assert errors.max_to_reference == pytest.approx(0.5, rel=1e-12) == errors.max_from_reference
    assert errors.hausdorff == pytest.approx(0.5, rel=1e-12)
    # Three quarters of the lids are nearest to a side; back, a quarter is nearest to an edge.
    assert 1 / 8 - 0.02 < errors.normals < 1 / 4 + 0.02
    assert errors == surface_errors(cube, wider, samples=20_000)
    assert same.normals < 1e-12
    assert errors != surface_errors(cube, wider, samples=20_000, seed=7)


def test_impossible_requests_say_so() -> None:
    empty = mesh_of(np.zeros((1, 3)), np.zeros((0, 3)))
    with pytest.raises(DomainError, match="without faces"):
        point_triangle_distance(np.zeros((1, 3)), empty)
    with pytest.raises(DomainError, match=r"\(n, 3\), got \(3,\)"):
        point_triangle_distance(np.zeros(3), box_mesh((1, 1, 1)))
    with pytest.raises(NonFiniteError, match="first number 1"):
        point_triangle_distance(np.array([[0, 0, 0], [0, np.nan, 0]]), box_mesh((1, 1, 1)))
    assert len(signed_distance(np.zeros((0, 3)), box_mesh((1, 1, 1)))) == 0
