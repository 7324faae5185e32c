"""Laws of extraction: closed, oriented, second order, and nothing lost by looking only near it."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from siren_pde import Siren
from siren_pde.errors import ConfigError, DomainError, NonFiniteError
from siren_pde.meshes import cube_cases
from siren_pde.meshes.marching_cubes import extract
from siren_pde.meshes.mesh import Mesh

Field = Callable[[Tensor], Tensor]
CUBE = ([-1.0, -1.0, -1.0], [1.0, 1.0, 1.0])


def sphere(x: Tensor) -> Tensor:
    return x.norm(dim=1) - 0.61


def torus(x: Tensor) -> Tensor:
    return torch.hypot(torch.hypot(x[:, 0], x[:, 1]) - 0.6, x[:, 2]) - 0.23


def box(x: Tensor) -> Tensor:
    q = x.abs() - torch.tensor([0.5, 0.3, 0.7], dtype=x.dtype)
    return q.clamp(min=0).norm(dim=1) + q.amax(dim=1).clamp(max=0)


def two_spheres(x: Tensor) -> Tensor:
    centre = torch.tensor([0.5, 0.0, 0.0], dtype=x.dtype)
    return torch.minimum((x - centre).norm(dim=1) - 0.3, (x + centre).norm(dim=1) - 0.4)


SHAPES = [  # field, components, genus, area
    (sphere, 1, 0, 4 * np.pi * 0.61**2),
    (torus, 1, 1, 4 * np.pi**2 * 0.6 * 0.23),
    (box, 1, 0, 8 * (0.5 * 0.3 + 0.3 * 0.7 + 0.7 * 0.5)),
    (two_spheres, 2, 0, 4 * np.pi * (0.3**2 + 0.4**2)),
]


def counted(field: Field) -> tuple[Field, list[int]]:
    counts: list[int] = []

    def evaluate(x: Tensor) -> Tensor:
        counts.append(len(x))
        return field(x)

    return evaluate, counts


def triangle_set(mesh: Mesh) -> list[tuple[float, ...]]:
    """Every triangle as nine rounded numbers, its first corner the smallest."""
    corners = np.round(mesh.triangles, 10) + 0.0
    rows = [tuple(map(tuple, triangle)) for triangle in corners.tolist()]
    turned = [min((t, t[1:] + t[:1], t[2:] + t[:2])) for t in rows]
    return sorted(sum(t, ()) for t in turned)


def noise(seed: int, frequency: float) -> Field:
    """A random sum of waves, pushed up towards the faces of [-1, 1]³ to be positive there."""
    generator = torch.Generator().manual_seed(seed)
    waves = torch.randn(3, 24, generator=generator, dtype=torch.float64) * frequency
    phases = 7 * torch.rand(24, generator=generator, dtype=torch.float64)
    heights = torch.randn(24, generator=generator, dtype=torch.float64)

    def field(x: Tensor) -> Tensor:
        x = x.double()
        bound = heights.abs().sum()
        return torch.sin(x @ waves + phases) @ heights + 1.01 * bound * x.abs().amax(dim=1) ** 8

    return field


_network = Siren(3, width=32, depth=3, frequency=4.0, hidden_frequency=4.0, seed=5).double()


def network(x: Tensor) -> Tensor:
    """A sine network of many lobes around a ball, positive at the faces of [-1, 1]³."""
    return 0.5 * _network(x).detach() + x.norm(dim=1) - 0.6


@pytest.mark.parametrize(("field", "components", "genus", "area"), SHAPES)
@pytest.mark.parametrize("resolution", [33, 64])
def test_shapes_have_their_topology_and_area(
    field: Field, components: int, genus: int, area: float, resolution: int
) -> None:
    mesh = extract(field, *CUBE, resolution=resolution)
    assert mesh.is_watertight and mesh.components == components and mesh.genus == genus
    assert mesh.volume > 0
    assert mesh.area == pytest.approx(area, rel=2 / resolution)  # the box loses its edges


@pytest.mark.parametrize(("field", "components", "genus", "area"), SHAPES)
def test_area_agrees_with_libigl(field: Field, components: int, genus: int, area: float) -> None:
    igl = pytest.importorskip("igl", reason="the extra `scans` is not installed")
    axis = torch.linspace(-1, 1, 49, dtype=torch.float64)
    nodes = torch.cartesian_prod(axis, axis, axis)[:, [2, 1, 0]]  # the first varies fastest
    vertices, faces, _ = igl.marching_cubes(field(nodes).numpy(), nodes.numpy(), 49, 49, 49, 0.0)
    assert extract(field, *CUBE, resolution=48).area == pytest.approx(
        Mesh(vertices, faces).area, rel=0.01
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("field", "resolution"),
    [(sphere, 96), (torus, 96), (box, 48), (two_spheres, 48), (noise(3, 3.0), 48), (network, 96)],
)
def test_looking_only_near_the_surface_loses_nothing(field: Field, resolution: int) -> None:
    options: dict[str, Any] = {"resolution": resolution, "dtype": torch.float64}
    near, few = counted(field)
    everywhere, all_nodes = counted(field)
    sparse = extract(near, *CUBE, coarse=12, **options)
    dense = extract(everywhere, *CUBE, coarse=resolution, **options)
    assert sum(all_nodes) == (resolution + 1) ** 3 >= sum(few)
    assert triangle_set(sparse) == triangle_set(dense)


@pytest.mark.slow
@pytest.mark.parametrize("field", [sphere, torus])
def test_few_evaluations_at_high_resolution(field: Field) -> None:
    near, counts = counted(field)
    extract(near, *CUBE, resolution=256)
    assert 8 * sum(counts) < 257**3
    assert max(counts) <= 65536


def test_no_node_is_evaluated_twice() -> None:
    seen: list[Tensor] = []

    def remembering(x: Tensor) -> Tensor:
        seen.append(x)
        return torus(x)

    extract(remembering, *CUBE, resolution=64, coarse=8, batch=1000)
    points = torch.cat(seen)
    assert len(torch.unique(points, dim=0)) == len(points)


def test_the_surface_is_followed_where_the_slopes_mislead() -> None:
    # A tube between all coarse nodes leaves a ball they see: its steep walls are not measured.
    def field(x: Tensor) -> Tensor:
        ball = (x - torch.tensor([0.8, 0, 0], dtype=x.dtype)).norm(dim=1) - 0.15
        to_axis = torch.hypot(x[:, 1] - 0.03, x[:, 2] - 0.03)
        along = torch.sigmoid(200 * (x[:, 0] + 0.8)) * torch.sigmoid(200 * (0.8 - x[:, 0]))
        return ball - 3 * torch.exp(-((to_axis / 0.02) ** 2)) * along

    near, counts = counted(field)
    mesh = extract(near, *CUBE, resolution=128, coarse=16, dtype=torch.float64)
    assert sum(counts) < 0.2 * 129**3
    assert mesh.is_watertight and mesh.components == 1
    assert mesh.vertices[:, 0].min() == pytest.approx(-0.8, abs=0.03)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), frequency=st.floats(0.5, 9.0), resolution=st.integers(5, 30))
def test_any_field_gives_a_closed_surface(seed: int, frequency: float, resolution: int) -> None:
    field = noise(seed, frequency)
    try:
        mesh = extract(field, *CUBE, resolution=resolution, coarse=8, dtype=torch.float64)
    except DomainError:  # everywhere positive is possible, and said
        return
    assert mesh.is_watertight and mesh.volume > 0
    assert mesh.genus is not None and mesh.genus >= 0


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**31), zeros=st.booleans())
def test_every_pattern_of_signs_closes(seed: int, zeros: bool) -> None:
    """White noise, or noise of −1, 0, 1, at the nodes: all 256 cases, all ambiguous faces."""
    draw = np.random.default_rng(seed)
    values = np.ones((8, 8, 8))
    inner = draw.integers(-1, 2, (6, 6, 6)) if zeros else draw.normal(size=(6, 6, 6))
    values[1:-1, 1:-1, 1:-1] = inner
    values[3, 3, 3] = -1

    def field(x: Tensor) -> Tensor:
        i, j, k = torch.round(x).long().T.numpy()
        return torch.as_tensor(values[i, j, k])

    mesh = extract(field, [0, 0, 0], [7, 7, 7], resolution=7, coarse=7, dtype=torch.float64)
    assert mesh.is_watertight and mesh.volume > 0
    assert (mesh.face_areas > 0).all()


def test_all_cases_are_used_and_no_diagonal_lies_on_a_face() -> None:
    faces_of = [
        {f for f, c in enumerate(cube_cases.FACES) if b in c and (b | 1 << a) in c}
        for a, b in zip(cube_cases.EDGE_AXIS.tolist(), cube_cases.EDGE_BASE.tolist(), strict=True)
    ]
    for start, count in zip(cube_cases.TRIANGLE_START, cube_cases.TRIANGLE_COUNT, strict=True):
        triangles = cube_cases.TRIANGLES[start : start + count].tolist()
        edges = Counter(
            frozenset(pair) for a, b, c in triangles for pair in ((a, b), (b, c), (c, a))
        )
        for (a, b), times in ((tuple(edge), times) for edge, times in edges.items()):
            on_a_face = bool(faces_of[a] & faces_of[b])
            assert times == (1 if on_a_face else 2)


@pytest.mark.parametrize("field", [sphere, torus])
def test_vertices_are_second_order(field: Field) -> None:
    sizes = np.array([16, 32, 64, 128])
    errors = []
    for size in sizes:
        mesh = extract(field, *CUBE, resolution=int(size), dtype=torch.float64)
        # both fields are distances, so their value is the error of the vertex
        errors.append(field(torch.from_numpy(mesh.vertices)).abs().mean())
    order = -np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert order == pytest.approx(2, abs=0.1)


def test_projection_lands_on_the_surface() -> None:
    def gradient(x: Tensor) -> Tensor:
        return 2 * x

    def field(x: Tensor) -> Tensor:
        return (x**2).sum(dim=1)

    options: dict[str, Any] = {"level": 0.4, "resolution": 20, "dtype": torch.float64}
    plain = extract(field, *CUBE, **options)
    moved = extract(field, *CUBE, gradient=gradient, project=3, **options)
    assert np.abs(np.linalg.norm(plain.vertices, axis=1) - 0.4**0.5).max() > 1e-4
    np.testing.assert_allclose(np.linalg.norm(moved.vertices, axis=1), 0.4**0.5, rtol=1e-12)
    np.testing.assert_array_equal(plain.faces, moved.faces)


def test_projection_turns_no_triangle_over() -> None:
    def ragged(x: Tensor) -> Tensor:
        return x.norm(dim=1) - 0.6 + 0.05 * torch.sin(40 * x).prod(dim=1)

    def gradient(x: Tensor) -> Tensor:
        x = x.detach().requires_grad_()
        with torch.enable_grad():
            (slope,) = torch.autograd.grad(ragged(x).sum(), x)
        return slope

    plain = extract(ragged, *CUBE, resolution=24, dtype=torch.float64)
    moved = extract(ragged, *CUBE, resolution=24, dtype=torch.float64, gradient=gradient)
    cosines = np.einsum("fi,fi->f", plain.face_normals, moved.face_normals)
    assert cosines.min() > -1e-12  # 24 triangles lay on their back
    left = [ragged(torch.from_numpy(m.vertices)).abs().mean() for m in (plain, moved)]
    assert left[1] < left[0] / 5


@pytest.mark.parametrize("factor", [0.0, 1e-9, -1.0, 1e9])
def test_a_wrong_gradient_cannot_do_harm(factor: float) -> None:
    def gradient(x: Tensor) -> Tensor:
        return factor * x

    plain = extract(sphere, *CUBE, resolution=16, dtype=torch.float64)
    moved = extract(sphere, *CUBE, resolution=16, dtype=torch.float64, gradient=gradient)
    value = [np.abs(np.linalg.norm(m.vertices, axis=1) - 0.61) for m in (plain, moved)]
    assert (value[1] <= value[0]).all()
    assert np.linalg.norm(moved.vertices - plain.vertices, axis=1).max() <= 0.5 * 2 / 16 + 1e-12


def test_the_box_may_be_anything_but_is_never_left() -> None:
    low, high = np.array([-1.0, -0.9, -0.75]), np.array([1.3, 0.9, 0.71])

    def field(x: Tensor) -> Tensor:
        assert (x >= torch.from_numpy(low)).all() and (x <= torch.from_numpy(high)).all()
        return sphere(x)

    mesh = extract(field, low, high, resolution=71, coarse=8, dtype=torch.float64)
    assert mesh.is_watertight and mesh.area == pytest.approx(4 * np.pi * 0.61**2, rel=0.01)


def test_normals_point_to_growing_values() -> None:
    inside_out = extract(lambda x: -sphere(x), *CUBE, resolution=20)
    assert inside_out.volume < 0 and inside_out.is_watertight


def test_a_surface_that_meets_the_box_is_open_there_and_only_there() -> None:
    mesh = extract(lambda x: x[:, 2] + 0.013, *CUBE, resolution=40, coarse=10)
    assert not mesh.is_watertight and mesh.boundary_loops == 1
    assert mesh.area == pytest.approx(4, rel=1e-6)  # single precision coordinates


def test_autograd_fields_leave_no_graph() -> None:
    weight = torch.tensor(0.5, requires_grad=True)
    mesh = extract(
        lambda x: x.norm(dim=1) - weight, *CUBE, resolution=8, gradient=lambda x: weight * x
    )
    assert mesh.is_watertight


def test_impossible_requests_say_so() -> None:
    with pytest.raises(DomainError, match=r"values from 0\.39.* were seen"):
        extract(lambda x: sphere(x) + 1, *CUBE, resolution=16, coarse=16)
    with pytest.raises(NonFiniteError, match="first at x"):
        extract(lambda x: torch.log(x[:, 0]), *CUBE, resolution=8)
    with pytest.raises(ConfigError, match=r"\(729,\), got \(729, 1\)"):
        extract(lambda x: x[:, :1], *CUBE, resolution=8)
    with pytest.raises(DomainError, match="low < high"):
        extract(sphere, [0, 0, 0], [1, 0, 1])
    with pytest.raises(DomainError, match="shape"):
        extract(sphere, [0, 0], [1, 1])
    with pytest.raises(ConfigError, match="resolution"):
        extract(sphere, *CUBE, resolution=0)
