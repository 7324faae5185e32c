"""Inputs that could mean several things are refused, or read with a word on how."""

import gzip
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from siren_pde.errors import DataFileError, InputWarning
from siren_pde.io.readers import read_arrays, read_mesh, read_points
from tests.costs import peak_of
from tests.sample_files import MESHES, NORMALS, OFF, POINTS, STL, npy, saved, text
from tests.typed import known

RGB = np.array([[255, 0, 0], [0, 128, 7], [9, 9, 9], [0, 0, 0], [1, 2, 3]])
DRAW = np.random.default_rng(0)


def rows(table: np.ndarray, separator: str = " ") -> bytes:
    return "\n".join(separator.join(f"{v:g}" for v in row) for row in table).encode()


def swapped(encoding: str, real: str) -> bytes:
    """A file of bytes in one order whose header declares the other."""
    other, order = {"little": ("big", "<"), "big": ("little", ">")}[encoding]
    head = f"ply\nformat binary_{other}_endian 1.0\nelement vertex 50\n"
    head += "".join(f"property {real} {axis}\n" for axis in "xyz") + "end_header\n"
    kind = {"float": "f4", "double": "f8", "int": "i4"}[real]
    table = 1000 * np.random.default_rng(5).normal(size=(50, 3))
    return head.encode() + table.astype(order + kind).tobytes()


REFUSED = [  # name, content, what the message must say
    # decimal commas, or what groups thousands
    ("a.csv", b"1,500;2,000;3,100\n", "line 1: both"),
    ("a.xyz", b"1,500 2,000 3,100\n2,500 1,000 3,200\n", "line 1: both `,` and blanks"),
    ("a.txt", b"1,500\t2\t3,100\n2,500\t1\t3,200\n", "line 1: both `,` and blanks"),
    ("a.xyz", b"0 0 0\n1,5 2,0 3.1\n", "line 2: both `,` and blanks"),
    ("a.xyz", b"1,5 2,0\n2,5 1,0\n", "line 1: both `,` and blanks"),
    ("a.xyz", b"1,5 2,0 3,1\n" * 10000 + b"2.5 1 3\n", "line 10001: both `,` and `.`"),
    ("a.csv", b"1,5,2,0,3,1\n2,5,1,0,3,2\n", "line 1: .*six whole numbers or three with decimal"),
    ("a.csv", b"x,y,z\n1,5,2,0,3,1\n", "6 columns under 3"),
    ("a.csv", b"x;y;z\n1,5;2,0;3,1,2\n", "line 2: both"),
    ("a.csv", b"1.5;2 3;4\n", "line 1: both `;` and blanks"),
    ("a.obj", b"v 1,5 2,0 3,1\n", "line 1: `1,5` is not a number"),
    # rows that are half of numbers
    ("a.xyz", b"1 2 three\n4 5 6\n", "line 1: `three` is not a number, but"),
    ("a.csv", b"x,2,3\n4,5,6\n", "line 1: `x` is not a number, but"),
    ("a.csv", b"1,,3\n4,5,6\n", "line 1: a cell without a number"),
    ("a.csv", b"1,2,3\n4,,6\n", "line 2: a cell without a number"),
    ("a.csv", b"lat,lon,height\n1,2,3\n", "named `lat`, `lon`, `height`, not x, y, z"),
    ("a.csv", b"a,b,c,d,e,f\n1,2,3,0,0,1\n", "not x, y, z"),
    ("a.csv", b"x,y,z,\n1,2,3,4\n", "4 columns under 3"),
    # what columns 4 to 6 are
    ("a.xyz", rows(np.hstack([POINTS, POINTS + 0.3])), "neither normals.*nor colours"),
    ("a.npy", npy(np.hstack([POINTS, 2 * NORMALS])), "lengths are 2 to 2"),
    ("a.xyz", rows(np.hstack([POINTS, RGB + 1])), "neither normals"),
    ("a.xyz", rows(np.hstack([POINTS, -RGB])), "neither normals"),
    ("a.xyz", rows(np.hstack([POINTS, RGB[:, :2]])), "5 columns"),
    # points in columns
    ("a.npy", npy(DRAW.normal(size=(6, 7))), "6 rows of 7 numbers.*transpose"),
    ("a.npy", npy(DRAW.normal(size=(3, 5))), "3 rows of 5 numbers.*transpose"),
    ("a.xyz", rows(DRAW.normal(size=(3, 10))), "3 rows of 10 numbers.*transpose"),
    # left over or missing
    ("a.ply", MESHES["ascii.ply"] + b"\n1 2 3\n", "line 26: 1 lines beyond"),
    ("a.ply", MESHES["little.ply"] + b"\0\0\0", r"byte \d+: 3 bytes beyond what the header"),
    ("a.ply", MESHES["little.ply"].replace(b"vertex 5", b"vertex 4"), "byte"),
    ("a.ply", MESHES["ascii.ply"].replace(b"face 3", b"face 2"), "line 25: 1 lines beyond"),
    ("a.off", OFF + b"3 0 1 2\n", "5 vertices and 3 faces are declared, 9 lines are left"),
    ("a.off", b"OFF\n2 0 0\n0 0 0 1 1 1\n1 1 1 0 0 0\n", "6 numbers per vertex.*`COFF`"),
    ("a.stl", STL + b"\1\2", "2 bytes beyond the 6 triangles"),
    ("a.stl", STL.replace(b"\6\0\0\0", b"\5\0\0\0", 1), "line 1|50 bytes beyond"),
    ("a.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nvn 0 0 1\nf 1//1 2//1 3//2\n", "normal 2 of 1"),
    ("a.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n", r"corners \[0, 1, 3\], but there are 3"),
    ("a.obj", b"v 0 0 0\nw 1 0 0\n", "line 2: `w` cannot start"),
    ("a.xyz", b"3\n1 2 3\n4 5 6\n", "`3` points are declared, 2 lines"),
    ("a.xyz", b"1\n1 2 3\n4 5 6\n", "`1` points are declared, 2 lines"),
    # the order of bytes
    ("a.ply", swapped("little", "float"), "header: numbers such as .*make no sense as big"),
    ("a.ply", swapped("little", "double"), "make no sense as big.*Declare the order `little`"),
    ("a.ply", swapped("big", "float"), "make no sense as little"),
    ("a.ply", swapped("big", "double"), "make no sense as little"),
    ("a.ply", swapped("big", "int"), "make no sense as little"),
    ("a.npy", npy(DRAW.normal(size=(50, 3))).replace(b"<f8", b">f8"), "no sense as big"),
    ("a.npy", npy(DRAW.normal(size=(50, 3)).astype(">f4")).replace(b">f4", b"<f4"), "as little"),
    ("a.npy", npy(np.arange(150, dtype="<i4").reshape(50, 3)).replace(b"<i4", b">i4"), "as big"),
]


@pytest.mark.parametrize(("name", "data", "message"), REFUSED)
def test_what_could_mean_several_things_is_refused(
    name: str, data: bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataFileError, match=rf"a\.\w+`.*{message}") as caught:
        read_arrays(saved(tmp_path, name, data))
    assert re.search(r"[.:] [A-Z`R].*\.$", str(caught.value))  # ends by what to do


@pytest.mark.parametrize("name", ["a.xyz", "a.csv", "a.npy"])
def test_colours_are_not_taken_for_normals(name: str, tmp_path: Path) -> None:
    table = np.hstack([POINTS, RGB])
    data = npy(table) if name == "a.npy" else rows(table, "," if name == "a.csv" else " ")
    with pytest.warns(InputWarning, match="columns 4-6 are 0-255: taken for colours") as said:
        cloud = read_points(saved(tmp_path, name, data))
    assert len(said) == 1 and cloud.normals is None
    np.testing.assert_array_equal(cloud.data["green"], RGB[:, 1])
    np.testing.assert_allclose(cloud.positions, POINTS)


@pytest.mark.filterwarnings("ignore:.*taken for normals")
def test_normals_with_few_digits_are_normals(tmp_path: Path) -> None:
    directions = DRAW.normal(size=(500, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    data = rows(np.hstack([DRAW.normal(size=(500, 3)), directions.round(2)]))
    normals = known(read_arrays(saved(tmp_path, "a.xyz", data)).normals)
    assert np.abs(normals - directions).max() < 0.01
    axes = rows(np.hstack([POINTS, np.eye(3)[[0, 1, 2, 0, 1]]]))  # whole numbers, and normals
    assert read_arrays(saved(tmp_path, "b.xyz", axes)).normals is not None


@pytest.mark.parametrize(
    "header",
    ["t,Z,x,Y", '"t";"z";"x";"y"', "t z x y", "//T Z X Y", "t [K], z [m], x (m), y"],
)
def test_columns_are_taken_by_their_names(header: str, tmp_path: Path) -> None:
    sign = ";" if ";" in header else "," if "," in header else " "
    body = rows(np.column_stack([np.arange(5), POINTS[:, [2, 0, 1]]]), sign)
    cloud = read_points(saved(tmp_path, "a.csv", header.encode() + b"\n" + body))
    np.testing.assert_allclose(cloud.positions, POINTS)
    np.testing.assert_array_equal(cloud.data["t"], np.arange(5))


@pytest.mark.parametrize("sign", [", ", " ,", ",", ";", " ; ", "\t", "   "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("trailing", [False, True])
def test_any_one_sign_separates(sign: str, end: str, trailing: bool, tmp_path: Path) -> None:
    last = sign.strip() if trailing else ""
    data = "\ufeff" + text(sign, normals=False).decode().replace("\n", last + end) + last
    arrays = read_arrays(saved(tmp_path, "a.txt", data.encode()))
    np.testing.assert_array_equal(arrays.positions, POINTS)


@pytest.mark.parametrize("real", ["f4", "f8"])
@pytest.mark.parametrize("order", "<>")
def test_right_orders_are_believed(real: str, order: str, tmp_path: Path) -> None:
    """Rounding near zero, large units, grids and constants are no reason to doubt."""
    angle = np.linspace(0, 2 * np.pi, 1000)
    circle = np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1)
    wave = np.stack([angle, np.exp(-(angle**2)), 1e-20 * angle], 1)
    grid = np.stack(np.meshgrid(*[np.arange(8.0)] * 3), -1).reshape(-1, 3)
    for table in (circle, 1e9 * circle + 1e12, 1e-9 * circle, wave, grid, np.ones((5, 3)), POINTS):
        data = npy(table.astype(order + real))
        positions = read_arrays(saved(tmp_path, "a.npy", data)).positions
        np.testing.assert_array_equal(positions, table.astype(real))


@pytest.mark.parametrize("name", ["a.xyz", "a.csv", "a.obj", "a.off", "a.ply", "a.stl", "a.npy"])
def test_endless_lines_are_refused_before_they_are_split(name: str, tmp_path: Path) -> None:
    start = {"a.ply": b"ply\nformat ascii 1.0\nelement vertex 1\nproperty int x\nend_header\n"}
    data = start.get(name, b"") + b"1 " * 10_000_000
    path = saved(tmp_path, name, data)

    def attempt() -> None:
        with pytest.raises(DataFileError, match=re.escape(str(path))):
            read_arrays(path)

    assert peak_of(attempt) < 2.5 * len(data)


def test_faces_are_complete_or_refused(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_mesh(saved(tmp_path, "a.ply", MESHES["little.ply"] + b"\n")).faces) == 6
        assert len(read_mesh(saved(tmp_path, "a.stl", STL + b"\r\n")).faces) == 6


def test_quoted_thousands_are_not_taken_for_decimals(tmp_path):
    path = tmp_path / "scan.csv"
    path.write_text('x,y,z\n"1,234","2,500",5\n999,"1,001",6\n"12,345",3,7\n')
    with pytest.raises(DataFileError, match="a comma for decimals or thousands"):
        read_points(path)
    path.write_text('x,y,z\n"1,5","2,25",5\n999,"1,001",6\n"12,345",3,7\n')
    with pytest.warns(InputWarning, match="decimal points"):
        assert read_points(path).positions[0].tolist() == [1.5, 2.25, 5.0]


def test_what_follows_a_packed_part_is_no_matter_of_silence(tmp_path):
    path = tmp_path / "scan.xyz.gz"
    path.write_bytes(gzip.compress(b"1 2 3\n4 5 6\n7 8 9\n1 1 2\n") + b"damaged")
    with pytest.raises(DataFileError, match="7 bytes after it"):
        read_points(path)
