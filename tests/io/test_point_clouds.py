"""PCD files in all encodings, and the formats that libraries of others read."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from siren_pde.errors import DataFileError, InputWarning
from siren_pde.io.readers import others, read_mesh, read_points
from siren_pde.io.readers.lzf import unpacked
from tests.foreign_files import COUNT, NORMALS, PAINTS, POINTS, RGB, e57, foreign, las
from tests.sample_files import PCD_FIELDS, pcd, ptx, saved
from tests.typed import known

pytestmark = pytest.mark.filterwarnings("ignore::siren_pde.errors.InputWarning")


def packed_colours() -> np.ndarray:
    bits = RGB[:, 0] << 16 | RGB[:, 1] << 8 | RGB[:, 2]
    return bits.astype("<u4")


def cloud_of(data: str, colours: str = "F") -> bytes:
    bits = packed_colours()
    columns = {
        **dict(zip("xyz", POINTS.T.astype("<f4"), strict=True)),
        "rgb": bits.view("<f4") if colours == "F" else bits,
        **dict(zip(PCD_FIELDS[4:], NORMALS.T.astype("<f4"), strict=True)),
    }
    return pcd(data, columns)


@pytest.mark.parametrize("data", ["ascii", "binary", "binary_compressed"])
@pytest.mark.parametrize("colours", ["F", "U"])
def test_pcd_is_read_in_every_encoding(data: str, colours: str, tmp_path: Path) -> None:
    cloud = read_points(saved(tmp_path, "a.pcd", cloud_of(data, colours)))
    np.testing.assert_array_equal(cloud.positions, POINTS)
    np.testing.assert_allclose(known(cloud.normals), NORMALS, atol=1e-6)
    np.testing.assert_array_equal(np.column_stack([cloud.data[n] for n in PAINTS]), RGB)


def test_fields_of_several_numbers_and_fillers_are_told_apart(tmp_path: Path) -> None:
    head = (
        "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS x y z _ fpfh intensity _\n"
        "SIZE 4 4 4 1 4 2 1\nTYPE F F F U F U U\nCOUNT 1 1 1 4 33 1 2\nWIDTH 10\nHEIGHT 5\n"
        "VIEWPOINT 0 0 0 1 0 0 0\nPOINTS 50\nDATA binary\n"
    )
    kinds: Any = [("p", "<f4", 3), ("_", "u1", 4), ("f", "<f4", 33), ("i", "<u2"), ("e", "u1", 2)]
    table = np.zeros(COUNT, dtype=kinds)
    table["p"], table["i"], table["f"] = POINTS, np.arange(COUNT), 0.5
    table["p"][7] = np.nan
    path = saved(tmp_path, "a.pcd", head.encode() + table.tobytes() + b"\0" * 100)
    with pytest.warns(InputWarning, match="1 of 50 points are NaN, .* no measurement"):
        cloud = read_points(path)
    np.testing.assert_array_equal(cloud.positions, np.delete(POINTS, 7, 0))
    np.testing.assert_array_equal(cloud.data["intensity"], np.delete(np.arange(COUNT), 7))
    assert len(cloud.data) == 34


WHOLE = cloud_of("binary")
HEAD = b"FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 1\nHEIGHT 1\nPOINTS 1\n"
BROKEN = [
    (b"VERSION 0.7\n", "no line `DATA"),
    (HEAD + b"DATA morse\n", "`morse` instead of ascii or binary"),
    (HEAD.replace(b"POINTS 1", b"POINTS 99") + b"DATA ascii\n1 2 3\n", "99 points are declared, 1"),
    (HEAD.replace(b"SIZE 4 4 4", b"SIZE 4 4") + b"DATA ascii\n1 2 3\n", "3 fields with 2 sizes"),
    (HEAD.replace(b"SIZE 4 4 4", b"SIZE 4 4 3") + b"DATA ascii\n1 2 3\n", "type F and 3 bytes"),
    (HEAD.replace(b"COUNT 1 1 1", b"COUNT 1 1 -1") + b"DATA ascii\n", "-1, which is negative"),
    (HEAD.replace(b"FIELDS x y z", b"FIELDS x y x") + b"DATA ascii\n1 2 3\n", "two fields `x`"),
    (HEAD.replace(b"FIELDS x y z", b"FIELDS a b c") + b"DATA ascii\n1 2 3\n", "not x, y, z"),
    (HEAD + HEAD + b"DATA ascii\n1 2 3\n", "a second line `FIELDS`"),
    (HEAD + b"DATA binary\n" + bytes(11), "1 points of 12 bytes are declared, 11 bytes are left"),
    (HEAD + b"DATA binary\n" + bytes(12) + b"1 2", "3 bytes beyond the 1 points"),
    (HEAD + b"DATA binary_compressed\n" + struct.pack("<II", 9, 12), "9 packed bytes of 12"),
    (
        HEAD + b"DATA binary_compressed\n" + struct.pack("<II", 2, 12) + b"\x20\x05",
        "damaged: a copy",
    ),
    (HEAD.replace(b"POINTS 1", b"POINTS 150000000") + b"DATA binary\n", "150000000 points of 12"),
]


@pytest.mark.parametrize(("data", "message"), BROKEN)
def test_broken_pcd_files_say_what_is_wrong(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=rf"a\.pcd`, .*{message}"):
        read_points(saved(tmp_path, "a.pcd", data))


def test_runs_and_copies_are_unpacked() -> None:
    assert unpacked(b"\x02abc", 3) == b"abc"
    assert unpacked(b"\x00a\x20\x00", 4) == b"aaaa"  # a copy that reads what it writes
    assert unpacked(b"\x02abc\x20\x02\xe0\x03\x00", 18) == b"abcabc" + b"c" * 12
    bad = [(b"\x02ab", 3), (b"\x20", 3), (b"\xe0\x01", 9), (b"\x20\x00", 3), (b"\x02abc", 2)]
    for data, size in [*bad, (b"\x02abc", 4)]:
        with pytest.raises(ValueError, match=r"ends within|starts before|declared"):
            unpacked(data, size)


def test_ptx_puts_its_scans_where_their_matrices_say(tmp_path: Path) -> None:
    rows = [" ".join(map(repr, row)).encode() for row in [[1.0, 2.0, 3.0, 0.25, 9, 8, 7]] * 2]
    path = saved(tmp_path, "a.ptx", ptx(rows) + ptx(rows[:1], shift=-5.0))
    with pytest.warns(InputWarning, match=r"2 directions without a point"):
        cloud = read_points(path)
    np.testing.assert_array_equal(cloud.positions, [[-1, 1, 3], [-1, 1, 3], [-7, 1, 3]])
    assert {n: v[0].item() for n, v in cloud.data.items()} == {
        **dict(zip(PAINTS, (9, 8, 7), strict=True)),
        "intensity": 0.25,
    }
    for data, message in (
        (ptx(rows)[:-40], "3 points are declared, 2 lines follow|9 numbers|7 were expected"),
        (ptx(rows)[:60], "ends within the head"),
        (ptx(rows).replace(b"0 0 1 0", b"0 0 1"), "3 numbers where 4 were expected"),
        (ptx(rows).replace(b"\r\n1\r\n", b"\r\n0\r\n", 1), "a scan of 0 points"),
        (ptx(rows[:1]) + ptx([b"1 2 3 0.5"]), "7 were expected|3 numbers where|where 7"),
    ):
        with pytest.raises(DataFileError, match=rf"a\.ptx`, .*({message})"):
            read_points(saved(tmp_path, "a.ptx", data))


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".las", ".laz"])
@pytest.mark.parametrize("scale", [1, 257])
def test_las_gives_points_colours_and_further_numbers(
    suffix: str, scale: int, tmp_path: Path
) -> None:
    cloud = read_points(saved(tmp_path, f"a{suffix}", las(suffix == ".laz", colours=RGB * scale)))
    np.testing.assert_allclose(cloud.positions, POINTS, atol=1e-6)
    np.testing.assert_array_equal(cloud.data["intensity"], np.arange(COUNT) + 1)
    np.testing.assert_allclose(cloud.data["planarity"], np.linspace(0, 1, COUNT), atol=1e-6)
    np.testing.assert_allclose(np.column_stack([cloud.data[n] for n in PAINTS]), RGB)


@pytest.mark.slow
def test_e57_puts_its_scans_together(tmp_path: Path) -> None:
    cloud = read_points(saved(tmp_path, "a.e57", e57()))
    np.testing.assert_allclose(cloud.positions, POINTS, atol=1e-6)
    np.testing.assert_allclose(np.column_stack([cloud.data[n] for n in PAINTS]), RGB)
    np.testing.assert_allclose(cloud.data["intensity"], np.arange(COUNT) / COUNT, atol=1e-6)


def moved(mesh: Any) -> Any:
    """Two of them in one scene, one turned and moved."""
    scene = trimesh.Scene([mesh])
    turn = trimesh.transformations.rotation_matrix(np.pi / 2, [0, 0, 1])
    turn[:3, 3] = [10, 0, 0]
    scene.add_geometry(mesh, transform=turn)
    return scene


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".glb", ".gltf"])
def test_scenes_are_put_where_they_say(suffix: str, tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(subdivisions=1)
    scene = moved(ball)
    if suffix == ".glb":
        (tmp_path / "a.glb").write_bytes(scene.export(file_type="glb", include_normals=True))
    else:
        for name, data in scene.export(file_type="gltf", include_normals=True).items():
            (tmp_path / name.replace("model.gltf", "a.gltf")).write_bytes(data)
    mesh = read_mesh(tmp_path / f"a{suffix}")
    assert mesh.components == 2 and mesh.genus == 0 and len(mesh.faces) == 160
    cloud = read_points(tmp_path / f"a{suffix}")
    places, normals = cloud.positions.numpy(), known(cloud.normals).numpy()
    centres = np.where(places[:, :1] > 5, 10.0, 0.0) * [1, 0, 0]
    np.testing.assert_allclose(places - centres, normals, atol=1e-5)


@pytest.mark.slow
def test_points_in_scenes_keep_their_colours(tmp_path: Path) -> None:
    cloud = trimesh.PointCloud(POINTS, colors=np.column_stack([RGB, 0 * RGB[:, 0] + 255]))
    path = saved(tmp_path, "a.glb", cloud.export(file_type="glb"))
    read = read_points(path)
    np.testing.assert_allclose(read.positions, POINTS, atol=1e-5)
    np.testing.assert_allclose(np.column_stack([read.data[n] for n in PAINTS]), RGB)


@pytest.mark.slow
def test_scenes_reach_no_files_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(np.arange(90, dtype="<f4").tobytes())
    (tmp_path / "in").mkdir()
    ball = trimesh.creation.icosphere(subdivisions=0)
    parts = trimesh.Scene([ball]).export(file_type="gltf", merge_buffers=True)
    text = parts["model.gltf"].replace(b'"gltf_buffer.bin"', b'"../secret.bin"')
    assert text != parts["model.gltf"]
    with pytest.raises(DataFileError, match="secret"):
        read_points(saved(tmp_path / "in", "a.gltf", text))


@pytest.mark.parametrize("name", ["a.las", "a.laz", "a.e57", "a.glb", "a.gltf"])
def test_without_the_libraries_it_is_said_how_to_get_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(others, "find_spec", lambda library: None)
    data = b"ASTM-E57" if name == "a.e57" else b"nothing"
    with pytest.raises(DataFileError, match=r"Install it by `pip install 'siren-pde\[scans\]'`"):
        read_points(saved(tmp_path, name, data))


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".las", ".laz", ".e57", ".glb"])
def test_files_that_are_cut_are_refused(suffix: str, tmp_path: Path) -> None:
    data = next(data for name, data in foreign().items() if name.endswith(suffix))
    for size in (len(data) * 3 // 5, 300, 9):
        with pytest.raises(DataFileError, match=rf"a\{suffix}`"):
            read_points(saved(tmp_path, f"a{suffix}", data[:size]))
