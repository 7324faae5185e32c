"""What is written is read back to the last bit, and nothing half-written is left."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from siren_pde.errors import NonFiniteError, StorageError
from siren_pde.io.readers import read_arrays, read_mesh
from siren_pde.io.writers import write_mesh, write_volume
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
