"""Other programs read what was exported: the same places, values, and parts of space."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import meshio
import numpy as np
import pytest
import torch
from scipy.io import netcdf_file

from siren_pde import Ball, Box, Polygon, Problem, Siren, System, Unknown, d, lap, on
from siren_pde.errors import ConfigError, StorageError
from siren_pde.io.exports.programs import Program
from siren_pde.io.exports.quantities import quantities
from tests.strategies import ALL_FIELDS
from tests.told import told
from tests.typed import known

PLATE = Box(x=(0, 2), y=(0, 1)) - Ball(x=0.7, y=0.5, radius=0.25)
CUBE = Box(x=(0, 1), y=(0, 1), z=(0, 2))
ARROW = Polygon([(0, 2), (-1, -1), (0, 0), (0.5, -0.5), (1, -1)])


def network(inputs, outputs=1, dtype=torch.float64, seed=0):
    return Siren(inputs, outputs, width=5, frequency=2.0, seed=seed, dtype=dtype)


def solved(domain, field=None):
    """A solution that lives on a domain, of the field of nobody's choice."""
    field = field or network(len(domain.axes))
    problem = Problem(on(domain)(lambda p, *u: 0))
    return told(field, axes=domain.axes, problem=problem)


def flow(inputs=2):
    return System(u=network(inputs, 2), q=network(inputs, seed=1), nu=Unknown(0.25)).double()


def sizes(mesh):
    """The length, area or volume of all cells of a mesh, none of them negative."""
    total = 0.0
    for block in mesh.cells:
        corners = mesh.points[block.data]
        sides = corners[:, 1:] - corners[:, :1]
        if block.type == "line":
            each = sides[:, 0, 0]
        elif block.type == "triangle":
            each = np.linalg.det(sides[:, :, :2]) / 2
        elif block.type == "quad":
            each = np.prod(corners.max(1) - corners.min(1), axis=1, where=[True, True, False])
        elif block.type == "hexahedron":
            each = np.prod(corners.max(1) - corners.min(1), axis=1)
        elif block.type == "tetra":
            each = np.linalg.det(sides) / 6
        else:  # a wedge is three tetrahedra
            parts = ((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5))
            tetra = [corners[:, list(p)] for p in parts]
            each = sum(abs(np.linalg.det(t[:, 1:] - t[:, :1])) / 6 for t in tetra)
        assert (each > -1e-15).all(), block.type
        total += float(each.sum())
    return total


@pytest.mark.parametrize(
    ("domain", "resolution", "share"),
    [
        (Box(x=(1, 3)), 10, 1e-12),
        (Ball(x=0.1, radius=0.35), 9, 1e-9),
        (Box(x=(0, 1), y=(0, 3)), 12, 1e-12),
        (PLATE, 64, 1e-3),
        (ARROW, 16, 1e-12),
        (ARROW - Ball(x=0, y=0.5, radius=0.2), 96, 2e-3),
        (CUBE, 6, 1e-12),
        (CUBE - Ball(x=0.5, y=0.5, z=1, radius=0.3), 40, 5e-3),
        (Ball(x=0, y=0, z=0), 20, 1e-2),
    ],
    ids=repr,
)
def test_cells_fill_the_domain_and_hold_its_values(tmp_path, domain, resolution, share):
    solution = solved(domain)
    paths = solution.export(tmp_path / "a.vtu", resolution=resolution)
    assert paths == [tmp_path / "a.vtu"]
    mesh = meshio.read(paths[0])
    assert sizes(mesh) == pytest.approx(domain.measure, rel=share)
    x = torch.from_numpy(mesh.points[:, : len(domain.axes)].copy())
    assert bool(domain.contains(x, 1e-8).all())
    np.testing.assert_array_equal(mesh.point_data["u"], solution(x).numpy())


def test_triangles_of_a_polygon_share_their_sides(tmp_path):
    solved(ARROW).export(tmp_path / "a.vtu", resolution=8)
    mesh = meshio.read(tmp_path / "a.vtu")
    corners = np.sort(mesh.cells_dict["triangle"][:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1)
    sides, count = np.unique(corners, axis=0, return_counts=True)
    assert set(count) == {1, 2}
    middles = torch.from_numpy(mesh.points[sides[count == 1]].mean(1)[:, :2])
    assert bool(ARROW.boundary.contains(middles, 1e-9).all())
    for vertex in ARROW.vertices:
        assert np.isclose(mesh.points[:, :2], vertex).all(1).any()


def test_all_unknowns_and_derivatives_are_written(tmp_path):
    solution = solved(PLATE, flow())
    asked = ["u_x", "lap_q", "grad_q", "q_xy"]
    solution.export(tmp_path / "a.vtu", resolution=16, derivatives=asked)
    mesh = meshio.read(tmp_path / "a.vtu")
    x, given = torch.from_numpy(mesh.points[:, :2].copy()), mesh.point_data
    assert set(given) == {"u", "q", *asked} and mesh.field_data["nu"] == 0.25
    assert given["u"].shape == (len(x), 3) and not given["u"][:, 2].any()
    for name, expression in (
        ("u_x", lambda p, u: d(u, p.x)),
        ("lap_q", lambda p, q: lap(q)),
        ("q_xy", lambda p, q: d(q, p.x, p.y)),
    ):
        expected = solution.evaluate(expression, x).numpy()
        written = given[name][:, :2] if expected.ndim == 2 else given[name]
        np.testing.assert_array_equal(written, expected)


def test_complex_unknowns_are_two_arrays(tmp_path):
    solution = solved(PLATE, System(psi=network(2, 2), q=network(2)))
    named = {"derivatives": ["psi_x"], "complex_unknowns": ["psi"], "resolution": 8}
    solution.export(tmp_path / "a.npz", **named)
    with np.load(tmp_path / "a.npz") as held:
        assert set(held) == {"x", "y", "psi_re", "psi_im", "psi_x_re", "psi_x_im", "q"}
        assert held["psi_re"].shape == held["q"].shape == (9, 5)
    for wrong in (["q"], ["phi"]):
        with pytest.raises(ConfigError, match="complex"):
            solution.export(tmp_path / "b.npz", complex_unknowns=wrong)


def test_unknowns_are_missing_where_they_do_not_live(tmp_path):
    left, right = Box(x=(0, 1), y=(0, 1)), Box(x=(1, 2), y=(0, 1))

    def one(p, a):
        return a

    def other(p, b):
        return b

    problem = Problem(on(left)(one), on(right)(other))
    field = System(a=network(2), b=network(2))
    told(field, problem=problem).export(tmp_path / "a.vtu", resolution=8)
    mesh = meshio.read(tmp_path / "a.vtu")
    x, (a, b) = mesh.points[:, 0], (mesh.point_data[name] for name in "ab")
    assert (np.isnan(a) == (x > 1)).all() and (np.isnan(b) == (x < 1)).all() and len(x) == 45


# ── time ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", ["vtu", "vti", "vts", "pvd"])
def test_time_is_a_series_that_one_file_opens(tmp_path, suffix):
    solution = solved(PLATE * Box(t=(0.5, 2)))
    paths = solution.export(tmp_path / f"a.{suffix}", resolution=8, instants=4)
    assert sorted(paths) == sorted(tmp_path.iterdir()) and len(paths) == 5
    tree = ElementTree.parse(paths[0])
    named = {e.attrib["file"]: float(e.attrib["timestep"]) for e in tree.iter("DataSet")}
    assert paths[0] == tmp_path / "a.pvd"
    assert [tmp_path / name for name in named] == paths[1:]
    assert list(named.values()) == [0.5, 1.0, 1.5, 2.0]
    if suffix in ("vtu", "pvd"):
        mesh = meshio.read(paths[2])
        x = np.concatenate([mesh.points[:, :2], np.full((len(mesh.points), 1), 1.0)], axis=1)
        np.testing.assert_array_equal(mesh.point_data["u"], solution(x).numpy())


def test_a_domain_that_grows_has_other_cells_at_each_instant(tmp_path):
    growing = Box(x=(0, 1), t=(0, 1)) | Box(x=(1, 2), t=(0.5, 1))
    paths = solved(growing).export(tmp_path / "a.vtu", resolution=8, instants=3)
    ends = [meshio.read(path).points[:, 0].max() for path in paths[1:]]
    assert ends == pytest.approx([1, 2, 2], abs=1e-8)


def test_an_instant_is_one_file(tmp_path):
    solution = solved(PLATE * Box(t=(0, 1)))
    assert len(solution.export(tmp_path / "a.vtu", resolution=8, at={"t": 0.5})) == 1
    for at in ({"t": 2.0}, {"s": 0.5}):
        with pytest.raises(ConfigError, match="t from 0 to 1"):
            solution.export(tmp_path / "b.vtu", at=at)


# ── grids ─────────────────────────────────────────────────────────────────────────────────────────


def appended(path):
    """The element of a VTK grid, and its arrays by name."""
    head, tail = path.read_bytes().split(b'encoding="raw">\n_', 1)
    tree = ElementTree.fromstring(head + b'encoding="raw"></AppendedData></VTKFile>')
    arrays = {}
    for element in tree.iter("DataArray"):
        start = int(element.attrib["offset"])
        size = int.from_bytes(tail[start : start + 8], "little")
        kind = {"Float64": "<f8", "Float32": "<f4"}[element.attrib["type"]]
        values = np.frombuffer(tail[start + 8 : start + 8 + size], kind)
        width = int(element.attrib.get("NumberOfComponents", 1))
        arrays[element.attrib["Name"]] = values if width == 1 else values.reshape(-1, width)
    return tree[0], arrays


@pytest.mark.parametrize("domain", [PLATE, Box(x=(1, 3)), CUBE], ids=repr)
def test_grids_have_x_fastest_and_nothing_outside(tmp_path, domain):
    solution = solved(domain)
    solution.export(tmp_path / "a.vti", resolution=6)
    solution.export(tmp_path / "a.vts", resolution=6)
    image, values = appended(tmp_path / "a.vti")
    _, others = appended(tmp_path / "a.vts")
    extent = list(map(int, image.attrib["WholeExtent"].split()))[1::2]
    origin, spacing = (np.array(image.attrib[k].split(), float) for k in ("Origin", "Spacing"))
    points = [
        origin + spacing * (i, j, k)
        for k in range(extent[2] + 1)
        for j in range(extent[1] + 1)
        for i in range(extent[0] + 1)
    ]
    np.testing.assert_allclose(others["Points"], points, atol=1e-15)
    x = torch.from_numpy(np.array(points)[:, : len(domain.axes)].copy())
    everywhere = told(solution.field, axes=domain.axes)(x).numpy()
    expected = np.where(domain.contains(x, 1e-8).numpy(), everywhere, np.nan)
    np.testing.assert_allclose(values["u"], expected, atol=1e-12)
    np.testing.assert_array_equal(values["u"], others["u"])


def test_single_precision_stays_single(tmp_path):
    solved(PLATE, network(2, dtype=torch.float32)).export(tmp_path / "a.vti", resolution=6)
    assert appended(tmp_path / "a.vti")[1]["u"].dtype == np.float32


def test_arrays_come_back_with_their_coordinates(tmp_path):
    pytest.importorskip("pandas", exc_type=ImportError)  # its releases want newer NumPys than ours
    solution = solved(PLATE * Box(t=(0, 1)), flow(3))
    options = {"resolution": 8, "instants": 3, "derivatives": ["q_t"]}
    solution.export(tmp_path / "a.npz", **options)
    solution.export(tmp_path / "a.nc", **options)
    data = solution.to_xarray(**options)
    assert data["u"].dims == ("x", "y", "t", "u_component") and data["q_t"].shape == (9, 5, 3)
    with np.load(tmp_path / "a.npz") as held:
        for name in ("x", "y", "t", "u", "q", "q_t", "nu"):
            np.testing.assert_array_equal(held[name], data[name].to_numpy())
    with netcdf_file(tmp_path / "a.nc", "r", mmap=False) as file:
        assert file.Conventions == b"CF-1.8" and file.variables["t"].axis == b"T"
        assert file.variables["u"].dimensions == ("x", "y", "t", "u_component")
        for name in ("x", "y", "t", "u", "q", "q_t", "nu"):
            np.testing.assert_array_equal(file.variables[name].data, data[name].to_numpy())
    at = data.sel(x=1.5, y=0.25, t=0.5)
    value = float(solution.evaluate(lambda p, q: q, [1.5, 0.25, 0.5])[0])
    assert float(at["q"]) == pytest.approx(value, abs=1e-14)
    assert np.isnan(data["q"].sel(x=0.75, y=0.5)).all()


# ── programs ──────────────────────────────────────────────────────────────────────────────────────

BY_POSITION = {"piecewise"}
"""Fields that choose their functions by the position."""


@pytest.mark.parametrize("name", [n for n in ALL_FIELDS if n not in {"constant", *BY_POSITION}])
def test_programs_give_what_the_fields_give(name):
    field = ALL_FIELDS[name]
    inputs = {"one coordinate": 1, "three coordinates": 3}.get(name, 2)
    solution = told(field, axes=("x", "y", "z")[:inputs])
    first = quantities(field, solution.axes)[0].unknown
    each = quantities(field, solution.axes, [f"{first}_x", f"{first}_xx", f"lap_{first}"])
    x = torch.rand(9, inputs, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    held = Program(field, solution.axes, each)(x)
    for quantity in each:
        expected = solution.evaluate(quantity.expression, x)
        torch.testing.assert_close(held[quantity.name], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.slow
def test_a_program_is_loaded_without_the_package(tmp_path):
    """Torch's exporter alone takes seconds, once."""
    solution = solved(PLATE, flow())
    solution.export(tmp_path / "a.pt2", derivatives=["q_x", "lap_u"])
    program = torch.export.load(tmp_path / "a.pt2").module()
    anywhere = told(solution.field)
    for n in (1, 30):
        x = torch.rand(n, 2, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
        held = program(x)
        assert set(held) == {"u", "q", "q_x", "lap_u"} and held["q"].shape == (n,)
        for name, expression in (
            ("u", lambda p, u: u),
            ("q_x", lambda p, q: d(q, p.x)),
            ("lap_u", lambda p, u: lap(u)),
        ):
            expected = anywhere.evaluate(expression, x)
            torch.testing.assert_close(held[name], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_onnx_models_give_values_and_gradients(tmp_path, dtype):
    from onnx.reference import ReferenceEvaluator

    solution = solved(PLATE, network(2, dtype=dtype))
    solution.export(tmp_path / "a.onnx", derivatives=["grad_u"])
    model = ReferenceEvaluator(str(tmp_path / "a.onnx"))
    assert model.input_names == ["x"] and set(model.output_names) == {"u", "grad_u"}
    x = torch.rand(5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(dtype)
    held = dict(zip(model.output_names, model.run(None, {"x": x.numpy()}), strict=True))
    close = 1e-5 if dtype == torch.float32 else 1e-12
    anywhere = told(solution.field)
    np.testing.assert_allclose(held["u"], anywhere(x).numpy(), rtol=close, atol=close)
    gradient = anywhere.evaluate(lambda p, u: (d(u, p.x), d(u, p.y)), x).numpy()
    np.testing.assert_allclose(held["grad_u"], gradient, rtol=close, atol=close)


def test_fields_that_choose_by_position_are_no_programs(tmp_path):
    with pytest.raises(ConfigError, match=r"`Piecewise` cannot be exported to `a\.pt2`.*boxes"):
        told(ALL_FIELDS["piecewise"]).export(tmp_path / "a.pt2")
    assert not list(tmp_path.iterdir())


# ── what cannot be ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("a.vtk", {}, r"suffix names no known format.*\.vtu"),
        ("a.npz", {"derivatives": ["u_q"]}, r"no derivative `u_q` of u along x, y.*`u_x`"),
        ("a.npz", {"derivatives": ["u"]}, "no derivative `u`"),
        ("a.npz", {"derivatives": ["lap_v"]}, "no derivative `lap_v`"),
        ("a.npz", {"resolution": 0}, "whole number resolution ≥ 1"),
        ("a.npz", {"instants": 1.5}, "whole number instants ≥ 1"),
        ("a.npz", {"at": {"x": 0.5, "y": 0.5}}, "one to three coordinates"),
    ],
)
def test_what_cannot_be_exported_is_said(tmp_path, name, options, says):
    with pytest.raises(ConfigError, match=says):
        solved(PLATE).export(tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_other_refusals_are_typed(tmp_path):
    four = Box(x=(0, 1), y=(0, 1), z=(0, 1), w=(0, 1))
    with pytest.raises(ConfigError, match=r"one to three coordinates.*x, y, z, w"):
        solved(four).export(tmp_path / "a.vtu")
    assert solved(four).export(tmp_path / "a.vti", at={"w": 0.5}, resolution=4)
    with pytest.raises(ConfigError, match="domain of `u` is unknown"):
        told(network(2)).export(tmp_path / "b.vtu")
    with pytest.raises(ConfigError, match="constants only"):
        told(Unknown(0.5), axes=("x",)).export(tmp_path / "b.pt2")
    with pytest.raises(ConfigError, match="the time alone"):
        solved(Box(t=(0, 1))).export(tmp_path / "b.vtu")
    assert solved(Box(t=(0, 1))).export(tmp_path / "b.npz")
    with pytest.raises(ConfigError, match="coordinate and an unknown"):
        solved(PLATE, System(x=network(2))).export(tmp_path / "c.npz")
    with pytest.raises(StorageError, match="nowhere"):
        solved(PLATE).export(tmp_path / "nowhere" / "a.npz", resolution=4)


@pytest.mark.parametrize(("package", "name"), [("xarray", ""), ("onnxscript", "a.onnx")])
def test_packages_that_are_missing_are_named(tmp_path, monkeypatch, package, name):
    monkeypatch.setitem(sys.modules, package, None)
    solution = solved(PLATE)
    with pytest.raises(ConfigError, match=rf"{package}.*pip install \"siren-pde\["):
        solution.export(tmp_path / name) if name else solution.to_xarray()


def test_the_extras_are_those_that_are_named():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert known(text) and all(f"\n{extra} = [" in text for extra in ("arrays", "onnx"))
