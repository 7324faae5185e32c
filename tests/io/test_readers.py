"""Files in every format and encoding give the same arrays."""

from pathlib import Path

import numpy as np
import pytest

from siren_pde.errors import DataFileError, InputWarning
from siren_pde.io.readers import read_arrays, read_mesh, read_points
from tests.costs import calls_of, peak_of
from tests.sample_files import (
    CLOUDS,
    MESHES,
    NORMALS,
    PLAIN,
    POINTS,
    TABLE,
    TRIANGLES,
    npy,
    ply,
    saved,
    text,
)
from tests.typed import known

pytestmark = pytest.mark.filterwarnings("ignore::siren_pde.errors.InputWarning")


@pytest.mark.parametrize("name", [*MESHES, *CLOUDS])
def test_every_format_gives_the_same_arrays(name: str, tmp_path: Path) -> None:
    arrays = read_arrays(saved(tmp_path, name, {**MESHES, **CLOUDS}[name]))
    close = {"rtol": 1e-7, "atol": 1e-11} if "single" in name else {"rtol": 0, "atol": 0}
    np.testing.assert_allclose(arrays.positions, POINTS, **close)
    np.testing.assert_allclose(known(arrays.normals), NORMALS, rtol=1e-7, atol=1e-15)
    if name in MESHES:
        np.testing.assert_array_equal(arrays.faces, TRIANGLES)
    if name.endswith("ply"):
        np.testing.assert_array_equal(arrays.columns["red"], np.arange(5) + 250)


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian", "binary_big_endian"])
def test_faces_of_one_size_and_of_many_are_read_alike(encoding: str, tmp_path: Path) -> None:
    one = read_arrays(saved(tmp_path, "a.ply", ply(encoding, polygons=TRIANGLES)))
    many = read_arrays(saved(tmp_path, "b.ply", ply(encoding)))
    np.testing.assert_array_equal(one.faces, many.faces)


@pytest.mark.parametrize("name", PLAIN)
def test_meshes_without_normals_give_the_same_arrays(name: str, tmp_path: Path) -> None:
    arrays = read_arrays(saved(tmp_path, name, PLAIN[name]))
    close = 1e-7 if "single" in name else 0
    np.testing.assert_allclose(arrays.positions, POINTS, rtol=close)
    np.testing.assert_array_equal(read_mesh(tmp_path / name).faces, TRIANGLES)
    assert arrays.normals is None


def test_three_columns_have_no_normals(tmp_path: Path) -> None:
    for name, data in (("b.xyz", text(" ", normals=False)), ("c.npy", npy(POINTS))):
        arrays = read_arrays(saved(tmp_path, name, data))
        np.testing.assert_array_equal(arrays.positions, POINTS)
        assert arrays.normals is None


def test_named_columns_become_measurements(tmp_path: Path) -> None:
    rows = "\n".join(f"{300 + i},{x},{y},{z},{i}" for i, (x, y, z) in enumerate(POINTS))
    cloud = read_points(saved(tmp_path, "a.csv", b"Temperature,X,Y,Z,normal\n" + rows.encode()))
    np.testing.assert_array_equal(cloud.positions, POINTS)
    np.testing.assert_array_equal(cloud.data["temperature"], 300 + np.arange(5))
    assert set(cloud.data) == {"temperature"}  # `normal` means something else at points
    with pytest.warns(InputWarning, match="leaves out `normal`"):
        read_points(tmp_path / "a.csv")


def test_points_and_meshes_are_values(tmp_path: Path) -> None:
    cloud = read_points(saved(tmp_path, "a.ply", MESHES["big.ply"]))
    np.testing.assert_array_equal(cloud.positions, POINTS)
    np.testing.assert_allclose(known(cloud.normals), NORMALS, rtol=1e-15)
    assert read_mesh(tmp_path / "a.ply").faces.shape == (6, 3)
    with pytest.raises(DataFileError, match="no faces"):
        read_mesh(saved(tmp_path, "a.xyz", CLOUDS["spaces.xyz"]))


def test_normals_are_scaled_to_one(tmp_path: Path) -> None:
    long = np.hstack([POINTS, NORMALS * np.array([[1e-200], [3], [1e200], [0.5], [1]])])
    rows = "\n".join(",".join(map(repr, row)) for row in long.tolist())
    arrays = read_arrays(saved(tmp_path, "a.csv", b"x,y,z,nx,ny,nz\n" + rows.encode()))
    np.testing.assert_allclose(known(arrays.normals), NORMALS, rtol=1e-14)


@pytest.mark.parametrize("bad", [[0, 0, 0], [np.nan, 0, 1], [0, np.inf, 0]])
def test_unusable_normals_are_left_out_with_a_warning(bad: list[float], tmp_path: Path) -> None:
    table = TABLE.copy()
    table[[1, 2, 4], 3:] = bad
    rows = "\n".join(",".join(map(repr, row)) for row in table.tolist())
    path = saved(tmp_path, "a.csv", b"x,y,z,nx,ny,nz\n" + rows.encode())
    with pytest.warns(InputWarning, match="3 of 5 normals"):
        assert read_arrays(path).normals is None


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["a.npy", "a.xyz", "a.csv"])
def test_positions_that_are_no_numbers_are_counted(bad: float, name: str, tmp_path: Path) -> None:
    table = POINTS.copy()
    table[[2, 4], 1] = bad
    rows = "\n".join(" ".join(map(str, row)) for row in table)
    data = npy(table) if name == "a.npy" else rows.encode()
    with pytest.raises(DataFileError, match=r"a\.\w+`, point 2: .* 2 of 5 points. Remove"):
        read_arrays(saved(tmp_path, name, data))


def test_many_points_are_read_as_a_whole(tmp_path: Path) -> None:
    count = 300_000
    table = np.random.default_rng(0).normal(size=(count, 6)).astype("<f4")
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {count}\n"
    header += "".join(f"property float {n}\n" for n in ("x", "y", "z", "nx", "ny", "nz"))
    path = saved(tmp_path, "big.ply", (header + "end_header\n").encode() + table.tobytes())
    assert calls_of(lambda: read_arrays(path)) < 3000  # and no call for each point
    assert peak_of(lambda: read_arrays(path)) < 4 * table.nbytes + 4_000_000
    np.testing.assert_array_equal(read_arrays(path).positions, table[:, :3])
    lines = "".join(f"{x:.6f} {y:.6f} {z:.6f}\n" for x, y, z in table[:, :3].tolist())
    plain = saved(tmp_path, "big.xyz", lines.encode())
    assert calls_of(lambda: read_arrays(plain)) < 30_000  # for the first lines, none for others
    assert peak_of(lambda: read_arrays(plain)) < 4 * len(lines)
    np.testing.assert_allclose(read_arrays(plain).positions, table[:, :3], atol=1e-6)


@pytest.mark.parametrize("kind", ["uchar", "float"])
def test_dark_bytes_in_text_are_no_full_colours(tmp_path: Path, kind: str) -> None:
    colours = "".join(f"property {kind} {name}\n" for name in ("red", "green", "blue"))
    head = "ply\nformat ascii 1.0\nelement vertex 4\n"
    places = "property float x\nproperty float y\nproperty float z\n"
    rows = "0 0 0 1 0 1\n1 0 0 0 0 1\n0 1 0 0 1 0\n0 0 1 1 1 1\n"
    path = tmp_path / "dark.ply"
    path.write_text(head + places + colours + "end_header\n" + rows)
    most = read_points(path).data["red"].max().item()
    assert most == (1 if kind == "uchar" else 255)
