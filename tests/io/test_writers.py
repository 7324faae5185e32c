"""What is written is read back to the last bit, and nothing half-written is left."""

import warnings
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from siren_pde.errors import NonFiniteError, StorageError
from siren_pde.io.readers import read_arrays, read_mesh
from siren_pde.io.writers import as_stored, write_mesh, write_volume
from siren_pde.meshes.marching_cubes import extract
from siren_pde.meshes.mesh import Mesh
from tests.typed import known, mesh_of

numbers = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def meshes(draw: st.DrawFn, numbers: st.SearchStrategy[float] = numbers) -> Mesh:
    vertices = draw(arrays.arrays(np.float64, (draw(st.integers(1, 12)), 3), elements=numbers))
    faces = arrays.arrays(
        np.int64, (draw(st.integers(1, 9)), 3), elements=st.integers(0, len(vertices) - 1)
    )
    return Mesh(vertices, draw(faces))


@pytest.mark.parametrize("suffix", [".ply", ".obj", ".PLY"])
@settings(max_examples=60, deadline=None)
@given(mesh=meshes())
def test_meshes_come_back_exactly(
    suffix: str, mesh: Mesh, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"mesh{suffix}"
    write_mesh(path, mesh)
    again = read_mesh(path)
    np.testing.assert_array_equal(again.vertices, mesh.vertices)
    np.testing.assert_array_equal(again.faces, mesh.faces)


TRIANGLES = mesh_of([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 1, 2], [0, 1, 3], [0, 2, 3]])


@pytest.mark.parametrize("suffix", [".ply", ".obj"])
def test_normals_come_back(suffix: str, tmp_path: Path) -> None:
    write_mesh(tmp_path / f"a{suffix}", TRIANGLES, normals=TRIANGLES.vertex_normals)
    again = read_arrays(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(known(again.normals), TRIANGLES.vertex_normals, atol=1e-15)
    np.testing.assert_array_equal(again.faces, TRIANGLES.faces)


def test_failures_name_the_path_and_leave_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.ply"
    write_mesh(path, TRIANGLES)
    before = path.read_bytes()
    with pytest.raises(NonFiniteError, match=r"a\.ply"):
        write_mesh(path, TRIANGLES, normals=np.full((4, 3), np.nan))
    with pytest.raises(StorageError, match=r"\(4, 3\), got \(3, 3\)"):
        write_mesh(path, TRIANGLES, normals=np.ones((3, 3)))
    with pytest.raises(StorageError, match=r"\.ply, \.obj"):
        write_mesh(tmp_path / "a.gltf", TRIANGLES)
    with pytest.raises(StorageError, match="nowhere"):
        write_mesh(tmp_path / "nowhere" / "a.ply", TRIANGLES)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_stl_holds_the_triangles(tmp_path: Path) -> None:
    write_mesh(tmp_path / "a.stl", TRIANGLES)
    data = (tmp_path / "a.stl").read_bytes()
    assert len(data) == 84 + 50 * len(TRIANGLES.faces)
    kind = [("numbers", "<f4", (4, 3)), ("attribute", "<u2")]
    numbers = np.frombuffer(data, kind, offset=84)["numbers"]
    np.testing.assert_array_equal(numbers[:, 1:], TRIANGLES.triangles)
    np.testing.assert_allclose(numbers[:, 0], TRIANGLES.face_normals, atol=1e-7)
    again = read_mesh(tmp_path / "a.stl")
    np.testing.assert_array_equal(again.vertices, TRIANGLES.vertices)
    np.testing.assert_array_equal(again.faces, TRIANGLES.faces)


@settings(max_examples=60, deadline=None)
@given(mesh=meshes(st.floats(allow_nan=False, allow_infinity=False, width=32)))
def test_triangles_come_back_from_stl(mesh: Mesh, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "mesh.stl"
    write_mesh(path, mesh)
    again = read_mesh(path)
    np.testing.assert_array_equal(again.triangles, mesh.triangles)
    assert len(again.vertices) == len(np.unique(mesh.vertices[mesh.faces].reshape(-1, 3), axis=0))


def test_a_volume_can_be_read_by_its_own_description(tmp_path: Path) -> None:
    path, low, high = tmp_path / "a.vti", [1.0, 2.0, 3.0], [2.0, 4.0, 6.0]
    values = np.random.default_rng(0).standard_normal((3, 5, 4)).astype(np.float32)
    write_volume(path, values, low, high, name="<φ>")
    head, tail = path.read_bytes().split(b"\n_", 1)
    tree = ElementTree.fromstring(head + b"</AppendedData></VTKFile>")
    assert tree.attrib["header_type"] == "UInt64"
    image, array = known(tree.find("ImageData")), known(tree.find(".//DataArray"))
    extent = list(map(int, image.attrib["WholeExtent"].split()))
    assert extent == [0, 2, 0, 4, 0, 3]
    origin, spacing = (np.array(image.attrib[k].split(), float) for k in ("Origin", "Spacing"))
    np.testing.assert_allclose(origin + spacing * extent[1::2], high)
    assert array.attrib == {
        "type": "Float32",
        "Name": "<φ>",
        "format": "appended",
        "offset": "0",
    }
    size = int.from_bytes(tail[:8], "little")
    found = np.frombuffer(tail[8 : 8 + size], "<f4").reshape(4, 5, 3)  # z slowest, x fastest
    np.testing.assert_array_equal(found.T, values)
    assert tail[8 + size :].strip() == b"</AppendedData>\n</VTKFile>"
    for bad, error in ((values[0], StorageError), (values + np.nan, NonFiniteError)):
        with pytest.raises(error, match=r"a\.vti"):
            write_volume(path, bad, low, high)


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ([0, 1, 2, 2**24], "float"),
        ([2**24 + 1, 2**24 + 3, 2**30 + 1, 0], "int"),
        ([-(2**31), 2**24 + 1, 0, 2**31 - 1], "int"),
        ([2**32 - 1, 2**31 + 1, 0, 7], "uint"),
        ([2**32 + 1, -1, 0, 2**53 - 1], "double"),
    ],
)
def test_whole_numbers_stay_whole(numbers: list[int], kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    write_mesh(path, TRIANGLES, measurements={"name": numbers})
    assert f"property {kind} name".encode() in path.read_bytes()
    np.testing.assert_array_equal(read_arrays(path).columns["name"], numbers)


def test_measurements_are_written_beside_vertices(tmp_path: Path) -> None:
    paint: dict[str, Any] = {
        "red": [0, 12.6, 255, 300],
        "green": [1, 2, 3, 4],
        "blue": [-1, 0, 0, 0],
    }
    scalars: dict[str, Any] = {"heat": [0.25, 1, 2, 3], "gps_time": 2e8 + np.arange(4) / 64}
    path = tmp_path / "a.ply"
    write_mesh(path, TRIANGLES, TRIANGLES.vertex_normals, measurements={**paint, **scalars})
    again = read_arrays(path)
    np.testing.assert_array_equal(again.columns["red"], [0, 13, 255, 255])
    np.testing.assert_array_equal(again.columns["blue"], 0)
    for name, column in scalars.items():
        np.testing.assert_array_equal(again.columns[name], column)
    assert b"uchar red" in path.read_bytes() and b"float heat" in path.read_bytes()
    np.testing.assert_array_equal(again.positions, TRIANGLES.vertices)
    np.testing.assert_array_equal(again.faces, TRIANGLES.faces)
    write_mesh(tmp_path / "a.obj", TRIANGLES, measurements=paint)
    np.testing.assert_allclose(
        read_arrays(tmp_path / "a.obj").columns["red"], [0, 13, 255, 255], atol=1e-3
    )
    for wrong in ({"heat": [1, 2]}, {"nx": [1, 2, 3, 4]}, {"a b": [1, 2, 3, 4]}):
        with pytest.raises(StorageError, match="no measurement at 4 vertices"):
            write_mesh(path, TRIANGLES, measurements=wrong)
    with pytest.raises(NonFiniteError, match="`heat` are NaN"):
        write_mesh(path, TRIANGLES, measurements={"heat": [1, 2, 3, np.nan]})


def ball(cells: int) -> Mesh:
    """Around the origin, with slivers as they come where a node lies near the surface."""
    return extract(lambda x: x.norm(dim=1) - 1, [-1.3] * 3, [1.3] * 3, resolution=cells, project=0)


@pytest.mark.parametrize("offset", [(0.0, 0.0, 0.0), (500012.3, 4500045.6, 123.4), (1e7, 0, -1e7)])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_what_stl_holds_is_what_was_said(
    offset: tuple[float, float, float], scale: float, tmp_path: Path
) -> None:
    mesh = ball(26).transformed(scale, offset)
    path = tmp_path / "a.stl"
    stored = as_stored(path, mesh)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        shift = write_mesh(path, mesh)
    again = read_mesh(path)
    assert stored.is_watertight and again.is_watertight and again.genus == 0
    assert (len(again.faces), len(again.vertices)) == (len(stored.faces), len(stored.vertices))
    assert len(said) == (shift is not None) == any(offset)
    there = again.transformed(offset=shift or 0.0)
    assert abs(again.volume / ball(26).volume / scale**3 - 1) < 1e-4
    np.testing.assert_allclose(
        (there.vertices.min(0), there.vertices.max(0)),
        (mesh.vertices.min(0), mesh.vertices.max(0)),
        atol=1e-3 * 0.1 * scale,
    )
    np.testing.assert_array_equal(as_stored(path, stored).faces, stored.faces)  # is stored as it is


def test_edges_too_short_for_single_precision_are_refused(tmp_path: Path) -> None:
    far = np.array([[1e6, 0, 0], [1e6 + 1e-4, 0, 0], [1e6, 1e-4, 0], [-1e6, 0, 0]])
    with pytest.raises(StorageError, match=r"are lost in the single precision.*\.ply or \.obj"):
        write_mesh(tmp_path / "a.stl", mesh_of(far, [[0, 1, 2], [0, 2, 1], [1, 2, 0]]))
    assert as_stored(tmp_path / "a.ply", TRIANGLES) is TRIANGLES


def test_slivers_do_not_open_an_stl(tmp_path: Path) -> None:
    """An edge that rounding makes a point takes its two triangles with it."""
    mesh = ball(13)
    a, b = mesh.faces[0, :2]
    vertices = mesh.vertices.copy()
    vertices[b] = vertices[a] + [1e-12, 0, 0]
    narrow = mesh_of(vertices, mesh.faces)
    write_mesh(tmp_path / "a.stl", narrow)
    again = read_mesh(tmp_path / "a.stl")
    assert narrow.is_watertight and again.is_watertight
    assert len(again.faces) == len(narrow.faces) - 2
