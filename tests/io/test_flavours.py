"""Scans as programs write them: read right, or refused in words."""

import gzip
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siren_pde import PointCloud
from siren_pde.errors import ConfigError, DataFileError, InputWarning
from siren_pde.io.readers import read_arrays, read_mesh, read_points
from tests.costs import calls_of
from tests.sample_files import npy, saved
from tests.typed import known

DRAW = np.random.default_rng(7)
COUNT = 60
NORMALS = DRAW.normal(size=(COUNT, 3))
NORMALS /= np.linalg.norm(NORMALS, axis=1, keepdims=True)
POINTS = (10 + 2 * NORMALS).round(6)
RGB = DRAW.integers(0, 256, (COUNT, 3)).astype(float)
GREY = DRAW.uniform(-2000, 500, (COUNT, 1)).round(3)
FLOATS = RGB / 255


def lines(*columns: np.ndarray, sign: str = " ", head: str = "", form: str = "%.9g") -> bytes:
    file = io.BytesIO()
    np.savetxt(file, np.column_stack(columns), fmt=form, delimiter=sign)
    return head.encode() + file.getvalue()


def commas(*columns: np.ndarray, sign: str = " ", head: str = "") -> bytes:
    """With decimal commas."""
    return head.encode() + lines(*columns, sign=sign).replace(b".", b",")


def quoted(data: bytes) -> bytes:
    rows = [line.split(b",") for line in data.splitlines()]
    return b"\n".join(b",".join(b'"' + cell + b'"' for cell in row) for row in rows)


def ply(names: str, *columns: np.ndarray, after: str = "", body: str = "", kind="float") -> bytes:
    head = f"ply\nformat ascii 1.0\nelement vertex {COUNT}\n"
    head += "".join(f"property {kind} {name}\n" for name in names.split()) + after
    return (head + "end_header\n").encode() + lines(*columns) + body.encode()


def structured(**columns: np.ndarray) -> bytes:
    kinds = [(n, "<f4", v.shape[1:]) if v.ndim > 1 else (n, "<f4") for n, v in columns.items()]
    table = np.zeros(COUNT, dtype=kinds)
    for name, values in columns.items():
        table[name] = values
    return npy(table)


def archive(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


PARAVIEW = '"Normals:0","Normals:1","Normals:2","Points:0","Points:1","Points:2"\n'
COUNTING = np.arange(COUNT, dtype=float)
FACE0 = "element face 0\nproperty list uchar int vertex_indices\n"
BAD_FACES = "element face 2\nproperty list uchar int vertex_indices\n"
TEXT = lines(POINTS)
MESHLAB = "element vertex_like 0\nproperty float x\n"
# name, content, what is in it besides positions: n normals, c colours, i intensity
FLAVOURS: dict[str, tuple[str, bytes, str]] = {
    # by what they hold
    "x y z n": ("a.xyz", lines(POINTS, NORMALS), "n"),
    "x y z c": ("a.xyz", lines(POINTS, RGB), "c"),
    "x y z c as floats": ("a.xyz", lines(POINTS, RGB, form="%.6f"), "c"),
    "x y z c from 0 to 1": ("a.txt", lines(POINTS, FLOATS), "c"),
    "x y z i": ("a.xyz", lines(POINTS, GREY), "i"),
    "x y z i c": ("a.txt", lines(POINTS, GREY, RGB), "ic"),
    "x y z c i": ("a.txt", lines(POINTS, RGB, GREY), "ci"),
    "x y z n i": ("a.txt", lines(POINTS, NORMALS, GREY), "ni"),
    "x y z i n": ("a.txt", lines(POINTS, GREY, NORMALS), "in"),
    "x y z n c": ("a.txt", lines(POINTS, NORMALS, RGB), "nc"),
    "x y z c n": ("a.txt", lines(POINTS, RGB, NORMALS), "cn"),
    "x y z f n": ("a.asc", lines(POINTS, FLOATS, NORMALS), "cn"),
    "x y z c i n": ("a.asc", lines(POINTS, RGB, GREY, NORMALS), "cin"),
    "x y z c alpha": ("a.txt", lines(POINTS, RGB, np.full(COUNT, 255.0)), "c"),
    "number x y z": ("a.txt", lines(COUNTING, POINTS), ""),
    "number x y z n": ("a.txt", lines(COUNTING + 1, POINTS, NORMALS), "n"),
    "npy x y z c": ("a.npy", npy(np.hstack([POINTS, RGB])), "c"),
    "npy x y z n c": ("a.npy", npy(np.hstack([POINTS, NORMALS, RGB]).astype("f4")), "nc"),
    "npy (3, n)": ("a.npy", npy(POINTS.T), ""),
    "npy (6, n)": ("a.npy", npy(np.hstack([POINTS, NORMALS]).T), "n"),
    "txt (3, n)": ("a.txt", lines(POINTS.T), ""),
    # by their names
    "csv": ("a.csv", lines(POINTS, NORMALS, sign=",", head="X,Y,Z,NX,NY,NZ\n"), "n"),
    "normal_x": (
        "a.csv",
        lines(POINTS, NORMALS, sign=",", head="x,y,z,normal_x,normal_y,normal_z\n"),
        "n",
    ),
    "names with blanks": (
        "a.csv",
        lines(POINTS, NORMALS, sign=",", head="X,Y,Z,Normal X,Normal Y,Normal Z\n"),
        "n",
    ),
    "r g b": ("a.csv", lines(POINTS, RGB, sign=";", head="x;y;z;r;g;b\n"), "c"),
    "surveyed": (
        "a.csv",
        lines(POINTS, RGB, sign=",", head="Easting,Northing,Height,R,G,B\n"),
        "c",
    ),
    "northing first": (
        "a.csv",
        lines(COUNTING, POINTS[:, [1, 0, 2]], sign=",", head="Point,Northing,Easting,Elevation\n"),
        "",
    ),
    "E N H": ("a.txt", lines(POINTS, head="E N H\n"), ""),
    "altitude": ("a.csv", lines(POINTS, sign=",", head="X,Y,Altitude [m]\n"), ""),
    "cloudcompare": (
        "a.asc",
        lines(
            POINTS, FLOATS, GREY, NORMALS, head=f"//X Y Z Rf Gf Bf Intensity Nx Ny Nz\n{COUNT}\n"
        ),
        "cin",
    ),
    "cloudcompare csv": (
        "a.csv",
        lines(POINTS, RGB, GREY, sign=",", head="//X,Y,Z,R,G,B,Scalar_Intensity\n"),
        "ci",
    ),
    "in a comment": (
        "a.xyz",
        lines(POINTS, NORMALS, GREY, head="# made by me\n# x y z nx ny nz intensity\n"),
        "ni",
    ),
    "in a comment with commas": (
        "a.xyz",
        lines(POINTS, RGB, head="#x, y, z, red, green, blue\n"),
        "c",
    ),
    "quoted names": ("a.csv", lines(POINTS, sign=",", head='"X","Y","Z"\n'), ""),
    "names with commas": (
        "a.csv",
        lines(POINTS, sign=",", head='"x, m","y, m","z, m"\n')
        .replace(b"x, m", b"x [m,]")
        .replace(b"y, m", b"y (m)")
        .replace(b"z, m", b"z"),
        "",
    ),
    "quoted numbers": ("a.csv", b'"x","y","z"\n' + quoted(lines(POINTS, sign=",")), ""),
    "pandas": ("a.csv", lines(COUNTING, POINTS, sign=",", head=",x,y,z\n"), ""),
    "pandas, shuffled": ("a.csv", lines(COUNTING[::-1] * 3, POINTS, sign=",", head=",x,y,z\n"), ""),
    "R": ("a.txt", lines(COUNTING + 1, POINTS, head='"x" "y" "z"\n'), ""),
    "half a normal": ("a.csv", lines(POINTS, GREY, sign=",", head="x,y,z,nx\n"), ""),
    "id": ("a.csv", lines(POINTS, COUNTING, sign=",", head="x,y,z,id\n"), ""),
    "text beside": (
        "a.csv",
        b"name,x,y,z\n" + lines(POINTS, sign=",").replace(b"\n", b"\nP,")[:-2].join([b"P,", b""]),
        "",
    ),
    "bars": ("a.txt", lines(POINTS, sign="|", head="x|y|z\n"), ""),
    "excel": ("a.csv", commas(POINTS, GREY, sign=";", head="sep=;\nX;Y;Z;Intensity\n"), "i"),
    "paraview": ("a.csv", lines(NORMALS, POINTS, sign=",", head=PARAVIEW), "n"),
    "spanish": ("a.csv", lines(POINTS, sign=";", head="Este;Norte;Cota\n"), ""),
    "fields left empty": (
        "a.csv",
        lines(POINTS, sign=",", head="x,y,z,t\n").replace(b"\n", b",\n").replace(b"t,", b"t"),
        "",
    ),
    "not a number as windows writes it": (
        "a.csv",
        lines(POINTS, sign=",", head="x,y,z,t\n")
        .replace(b"\n", b",-1.#IND\n", 99)
        .replace(b"t,-1.#IND", b"t"),
        "",
    ),
    # decimal commas
    "commas and blanks": ("a.txt", commas(POINTS, sign=" "), ""),
    "commas and tabs": ("a.txt", commas(POINTS, NORMALS, sign="\t"), "n"),
    "commas and semicolons": ("a.csv", commas(POINTS, RGB, sign=";", head="x;y;z;r;g;b\n"), "c"),
    "commas in quotes": (
        "a.csv",
        quoted(lines(POINTS, sign=",")).replace(b".", b","),
        "",
    ),
    # encodings
    "utf-8 mark": ("a.csv", b"\xef\xbb\xbf" + lines(POINTS, sign=",", head="x,y,z\n"), ""),
    "utf-16": ("a.txt", lines(POINTS, NORMALS).decode().encode("utf-16"), "n"),
    "utf-8 mark, ply": ("a.ply", b"\xef\xbb\xbf" + ply("x y z", POINTS), ""),
    "utf-8 mark, obj": ("a.obj", b"\xef\xbb\xbf" + lines(POINTS, form="v %.9g %.9g %.9g"), ""),
    "utf-8 mark, off": ("a.off", f"\ufeffOFF\n{COUNT} 0 0\n".encode() + lines(POINTS), ""),
    # formats of text
    "pts": ("a.pts", lines(POINTS, GREY, RGB, head=f"{COUNT}\n"), "ic"),
    "pts, grey": ("a.pts", lines(POINTS, GREY, head=f"{COUNT}\n"), "i"),
    "pts, plain": ("a.pts", lines(POINTS, head=f"{COUNT}\n"), ""),
    "pts, two scans": (
        "a.pts",
        lines(POINTS[:20], GREY[:20], RGB[:20], head="20\n")
        + lines(POINTS[20:], GREY[20:], RGB[20:], head=f"{COUNT - 20}\n"),
        "ic",
    ),
    "xyzn": ("a.xyzn", lines(POINTS, 3 * NORMALS), "n"),
    "pwn, one after the other": ("a.pwn", lines(POINTS, head=f"{COUNT}\n") + lines(NORMALS), "n"),
    "pwn, side by side": ("a.pwn", lines(POINTS, NORMALS), "n"),
    "xyzrgb": ("a.xyzrgb", lines(POINTS, FLOATS), "c"),
    "tsv": ("a.tsv", lines(POINTS, RGB, sign="\t", head="x\ty\tz\tr\tg\tb\n"), "c"),
    "modelnet": ("a.off", f"OFF{COUNT} 0 0\n".encode() + lines(POINTS), ""),
    "coff": ("a.off", f"COFF\n{COUNT} 0 0\n".encode() + lines(POINTS, RGB, 0 * GREY + 255), "c"),
    "cnoff": ("a.off", f"CNOFF\n{COUNT} 0 0\n".encode() + lines(POINTS, NORMALS, RGB), "nc"),
    "obj with colours": ("a.obj", lines(POINTS, FLOATS, form="v" + " %.9g" * 6), "c"),
    # PLY
    "face 0": ("a.ply", ply("x y z nx ny nz", POINTS, NORMALS, after=FACE0), "n"),
    "ply of pcl": ("a.ply", ply("x y z normal_x normal_y normal_z", POINTS, NORMALS), "n"),
    "ply of cloudcompare": ("a.ply", ply("x y z scalar_Intensity", POINTS, GREY), "i"),
    "ply with diffuse": (
        "a.ply",
        ply("x y z diffuse_red diffuse_green diffuse_blue", POINTS, RGB),
        "c",
    ),
    "ply in capitals": ("a.ply", ply("X Y Z Nx Ny Nz", POINTS, NORMALS), "n"),
    "ply with float colours": ("a.ply", ply("x y z red green blue", POINTS, FLOATS), "c"),
    "bad faces": ("a.ply", ply("x y z", POINTS, after=BAD_FACES, body="3 0 1 99\n3 0 1 2\n"), ""),
    "faces of two": ("a.ply", ply("x y z", POINTS, after=BAD_FACES, body="2 0 1\n3 0 1 2\n"), ""),
    "bad faces, obj": ("a.obj", lines(POINTS, form="v %.9g %.9g %.9g") + b"f 1 2 900\nf 0 1\n", ""),
    "bad faces, off": ("a.off", f"OFF\n{COUNT} 1 0\n".encode() + lines(POINTS) + b"2 0 1\n", ""),
    # arrays
    "structured": (
        "a.npy",
        structured(x=POINTS[:, 0], y=POINTS[:, 1], z=POINTS[:, 2], intensity=GREY[:, 0]),
        "i",
    ),
    "structured vectors": ("a.npy", structured(xyz=POINTS, normal=NORMALS), "n"),
    "npz": ("a.npz", archive(points=POINTS, normals=NORMALS, colors=RGB.astype("u1")), "nc"),
    "npz of open3d": ("a.npz", archive(positions=POINTS, colors=FLOATS, intensity=GREY), "ci"),
    "npz of vertices": ("a.npz", archive(vertices=POINTS, faces=np.array([[0, 1, 2]])), ""),
    "npz of one cloud": ("a.npz", archive(pcd=np.hstack([POINTS, RGB]), pose=np.eye(4)), "c"),
    "npz of wide points": ("a.npz", archive(points=np.hstack([POINTS, RGB]), t=POINTS), "c"),
    "npz of one table": ("a.npz", archive(arr_0=np.hstack([POINTS, NORMALS])), "n"),
    # packed
    "xyz.gz": ("a.xyz.gz", gzip.compress(lines(POINTS, NORMALS)), "n"),
    "ply.gz": ("a.ply.gz", gzip.compress(ply("x y z", POINTS)), ""),
    "gz in parts": ("a.txt.gz", gzip.compress(TEXT[:300]) + gzip.compress(TEXT[300:]), ""),
    "gz by another name": ("a.npy", gzip.compress(npy(POINTS)), ""),
}


def require_same(cloud: PointCloud, what: str, tolerance: float = 1e-5) -> None:
    np.testing.assert_allclose(cloud.positions, POINTS, atol=tolerance)
    assert (cloud.normals is not None) == ("n" in what)
    if "n" in what:
        np.testing.assert_allclose(known(cloud.normals), NORMALS, atol=tolerance)
    expected = {"red", "green", "blue"} if "c" in what else set()
    expected |= {"intensity"} if "i" in what else set()
    assert set(cloud.data) == expected
    for name, column in zip(("red", "green", "blue"), RGB.T, strict=True):
        if "c" in what:
            np.testing.assert_allclose(cloud.data[name], column, atol=1e-2)
    if "i" in what:
        np.testing.assert_allclose(cloud.data["intensity"].ravel(), GREY[:, 0], atol=1e-2)


@pytest.mark.filterwarnings("ignore::siren_pde.errors.InputWarning")
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_scans_are_read_as_they_are_meant(flavour: str, tmp_path: Path) -> None:
    name, data, what = FLAVOURS[flavour]
    require_same(read_points(saved(tmp_path, name, data)), what)


SAID = {
    "x y z n": "columns 4-6 have length one: taken for normals. Say otherwise by `--columns",
    "x y z c from 0 to 1": "columns 4-6 are between 0 and 1: taken for colours",
    "x y z i c": "column 4: taken for intensity; columns 5-7 are 0-255: taken for colours",
    "number x y z": "column 1 numbers the points and is left out",
    "npy (3, n)": "3 rows of 60 numbers are read as 60 points side by side",
    "surveyed": "reads `easting` as x, `northing` as y, `height` as z, `r` as red",
    "in a comment": "named by a comment: x y z nx ny nz intensity",
    "pandas": "leaves out a column without a name",
    "id": "leaves out `id`",
    "half a normal": "leaves out `nx`",  # which files of meshes could not hold
    "text beside": "`name` is text, and left out",
    "commas and blanks": "commas within numbers are read as decimal points",
    "bad faces": r"triangle 0: corners \[0, 1, 99\], but there are 60 vertices. Its faces are left",
    "faces of two": "a face of 2 corners, fewer than three. Its faces are left out",
}


@pytest.mark.parametrize("flavour", SAID)
def test_what_was_understood_is_said_once(flavour: str, tmp_path: Path) -> None:
    name, data, _ = FLAVOURS[flavour]
    with pytest.warns(InputWarning) as said:
        read_points(saved(tmp_path, name, data))
    texts = [str(each.message) for each in said]
    assert sum(re.search(SAID[flavour], text) is not None for text in texts) == 1
    assert len(set(texts)) == len(texts)
    assert __file__ == said[0].filename  # the line that asked, not one of ours


def test_colours_of_nothing_but_0_and_1_are_said_to_be_what_they_are_read_as(
    tmp_path: Path,
) -> None:
    with pytest.warns(InputWarning, match="columns 4-6 are between 0 and 1"):
        cloud = read_points(saved(tmp_path, "a.xyz", lines(POINTS, RGB > 127)))
    assert cloud.data["red"].max() == 255


PLAIN = ["csv", "face 0", "ply of cloudcompare", "pts, plain", "npz", "xyzn", "pwn, side by side"]


@pytest.mark.parametrize("flavour", PLAIN)
def test_nothing_is_said_where_nothing_is_guessed(flavour: str, tmp_path: Path) -> None:
    name, data, what = FLAVOURS[flavour]
    require_same(read_points(saved(tmp_path, name, data)), what)  # warnings are errors


REFUSED = {
    "degrees": (
        "a.csv",
        lines(POINTS, sign=",", head="lon,lat,height\n"),
        "Degrees are no lengths",
    ),
    "two things": ("a.xyz", lines(POINTS, GREY, GREY), "5 columns. Give three .*--columns"),
    "six more": (
        "a.xyz",
        lines(POINTS, 3 * NORMALS, 2 * NORMALS),
        "9 columns that could be .*--col",
    ),
    "long normals": ("a.xyz", lines(POINTS, 3 * NORMALS), "lengths are 3 to 3.*--columns x,y,z,nx"),
    "two heights": (
        "a.csv",
        lines(POINTS, GREY, sign=",", head="easting,northing,height,elevation\n"),
        "not x, y, z. Name the three .*--columns",
    ),
    "grid of heights": ("a.asc", b"ncols 4\nnrows 4\n1 2 3 4\n", "grid of heights.*gdal_translate"),
    "thousands": ("a.txt", b"1,234 5,678 9,012\n" * 9, "both `,` and blanks"),
    "halves": ("a.txt", b"10,3776,9,603,11,92\n" * 9, "six whole numbers or three with decimal"),
    "a bomb": ("a.xyz.gz", gzip.compress(b"0" * 100_000_000), "Unpack it by `gunzip`"),
    "cut gzip": ("a.xyz.gz", gzip.compress(TEXT)[:-9], "ends too early"),
    "damaged gzip": ("a.xyz.gz", gzip.compress(TEXT)[:-8] + bytes(8), "what gzip has packed"),
    "odd utf-16": ("a.txt", b"\xff\xfe1\0 \0\x00\xd8", "UTF-16 that is damaged"),
    "bytes as text": ("a.txt", bytes(range(256)), "byte 0: bytes that are no text"),
}


@pytest.mark.parametrize("flavour", REFUSED)
def test_what_cannot_be_told_is_refused_with_a_remedy(flavour: str, tmp_path: Path) -> None:
    name, data, message = REFUSED[flavour]
    with pytest.raises(DataFileError, match=rf"a\.[\w.]+`.*{message}"):
        read_points(saved(tmp_path, name, data))


ALL = lines(POINTS, 3 * NORMALS, 0 * GREY + 7777, RGB)
CHOSEN = {
    "text": ("a.xyz", ALL),
    "csv against its names": ("a.csv", ALL.replace(b" ", b",")),
    "names": ("a.csv", b"a,b,c,d,e,f,g,h,i,j\n" + ALL.replace(b" ", b",")),
    "npy": ("a.npy", npy(np.hstack([POINTS, 3 * NORMALS, GREY, RGB]))),
    "ply": ("a.ply", ply("a b c d e f g h i j", POINTS, NORMALS, GREY, RGB)),
    "text in between": ("a.txt", ALL.replace(b" 7777 ", b" wood ")),
}


@pytest.mark.parametrize("flavour", CHOSEN)
def test_columns_are_what_the_user_says(flavour: str, tmp_path: Path) -> None:
    path = saved(tmp_path, *CHOSEN[flavour])
    require_same(read_points(path, columns="x,y,z,nx,ny,nz,_,r,g,b"), "nc")
    names = ["y", "x", "z", "_", "_", "_", "_", "scalar_warmth", "_", "i"]
    cloud = read_points(path, columns=names)
    np.testing.assert_allclose(cloud.positions, POINTS[:, [1, 0, 2]], atol=1e-5)
    np.testing.assert_allclose(cloud.data["warmth"], RGB[:, 0])
    assert set(cloud.data) == {"warmth", "intensity"} and cloud.normals is None


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("x,y,z,x", "names `x` twice"),
        ("x,y,_,_", "lacks `z`"),
        ("x,y,z,nx,ny", "lacks `nz`"),
        ("x,y,z,height_above_all", "no column that is known"),
        ("", "no column that is known"),
        ("x,y,z,scalar_", "no column that is known"),
        ("x,y,z,scalar_normals", "no column that is known"),
    ],
)
def test_columns_that_make_no_sense_are_refused(columns: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        read_points(saved(tmp_path, "a.xyz", ALL), columns=columns)


@pytest.mark.parametrize("name", ["a.xyz", "a.npy", "a.ply"])
def test_every_column_has_to_be_named(name: str, tmp_path: Path) -> None:
    data = {"a.xyz": TEXT, "a.npy": npy(POINTS), "a.ply": ply("x y z", POINTS)}[name]
    with pytest.raises(DataFileError, match="3 columns, but `x,y,z,_` names 4"):
        read_points(saved(tmp_path, name, data), columns="x,y,z,_")
    with pytest.raises(DataFileError, match="has no columns that could be named"):
        read_points(saved(tmp_path, "a.stl", b"solid"), columns="x,y,z")


@pytest.mark.parametrize("bad", [0.0, np.nan])
def test_one_unusable_normal_is_mended_from_its_neighbours(bad: float, tmp_path: Path) -> None:
    normals = DRAW.normal(size=(500, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    stored = normals.copy()
    stored[77] = bad
    path = saved(tmp_path, "a.csv", lines(10 + normals, stored, sign=",", head="x,y,z,nx,ny,nz\n"))
    with pytest.warns(InputWarning, match="1 of 500 normals .* those of the nearest points take"):
        read = known(read_points(path).normals).numpy()
    others = np.delete(np.arange(500), 77)
    np.testing.assert_allclose(read[others], normals[others], atol=1e-6)
    assert read[77] @ normals[77] > 0.97 and abs(np.linalg.norm(read[77]) - 1) < 1e-12


def test_strips_of_triangles_are_taken_apart(tmp_path: Path) -> None:
    after = "element tristrips 1\nproperty list int int vertex_indices\n"
    data = ply("x y z", POINTS, after=after, body="9 0 1 2 3 -1 4 5 6 -1\n")
    faces = read_mesh(saved(tmp_path, "a.ply", data)).faces
    np.testing.assert_array_equal(faces, [[0, 1, 2], [2, 1, 3], [4, 5, 6]])
    with pytest.raises(DataFileError, match=r"corners \[0, 1, 99\]"):
        read_mesh(saved(tmp_path, "b.ply", data.replace(b" 2 3 -1", b" 99 3 -1")))


def test_bad_faces_are_no_mesh(tmp_path: Path) -> None:
    for flavour in ("bad faces", "faces of two", "bad faces, obj", "bad faces, off"):
        name, data, _ = FLAVOURS[flavour]
        with pytest.raises(DataFileError):
            read_mesh(saved(tmp_path, name, data))


@pytest.mark.filterwarnings("ignore::siren_pde.errors.InputWarning")
def test_pure_colours_are_no_normals_unless_points_lie_in_a_plane(tmp_path: Path) -> None:
    red = np.tile([1.0, 0.0, 0.0], (COUNT, 1))
    cloud = read_points(saved(tmp_path, "a.xyz", lines(POINTS, red)))
    assert cloud.normals is None and "red" in cloud.data
    flat = POINTS * [0, 1, 1]
    assert read_points(saved(tmp_path, "b.xyz", lines(flat, red))).normals is not None


def test_measurements_have_names_of_their_own(tmp_path: Path) -> None:
    head = "x,y,z,C2C absolute distances[<0.1],scalar_GpsTime,Original_cloud_index\n"
    data = lines(POINTS, GREY, GREY, GREY, sign=",", head=head)
    cloud = read_points(saved(tmp_path, "a.csv", data))
    assert set(cloud.data) == {"c2c_absolute_distances", "gpstime", "original_cloud_index"}


READERS: list[Callable[[Path], object]] = [read_points, read_arrays]


@pytest.mark.parametrize("read", READERS)
def test_empty_cells_are_no_numbers(read: Callable[[Path], object], tmp_path: Path) -> None:
    data = b"x,y,z,t\n0,0,0,1\n1,0,0,\n0,1,0,3\n0,0,1,4\n"
    with pytest.warns(InputWarning, match="leaves out `t`"):
        read(saved(tmp_path, "a.csv", data))
    with pytest.raises(DataFileError, match="point 1: NaN"):
        read_arrays(saved(tmp_path, "b.csv", data.replace(b"1,0,0,", b"1,,0,2")))


HOLES = """x\ty\tz\tt\tred\tgreen\tblue
0.5\t0\t0\t\t255\t0\t7
1.5\t0\t0\t2.5\t0\t 10\t
0.5\t1\t0\t\t12\t\t1
0.5\t0\t1\t4.5\t9\t8\t7
"""


@pytest.mark.filterwarnings("ignore:.*commas within numbers:siren_pde.errors.InputWarning")
@pytest.mark.parametrize("columns", [None, "x,y,z,scalar_t,r,g,b"])
@pytest.mark.parametrize("comma", [False, True])
def test_cells_between_tabs_may_be_empty(comma: bool, columns: str | None, tmp_path: Path) -> None:
    data = HOLES.partition("\n")[2] if columns else HOLES
    path = saved(tmp_path, "a.tsv", (data.replace(".", ",") if comma else data).encode())
    with pytest.warns(InputWarning) as said:
        cloud = read_points(path, columns=columns)
    words = " ".join(str(each.message) for each in said)
    assert "left out" in words and all(f"`{name}`" in words for name in ("t", "green", "blue"))
    np.testing.assert_array_equal(cloud.positions[:, 0], [0.5, 1.5, 0.5, 0.5])
    assert list(cloud.data) == ["red"]  # no other has a number everywhere
    np.testing.assert_array_equal(cloud.data["red"], [255, 0, 12, 9])


@pytest.mark.filterwarnings("ignore::siren_pde.errors.InputWarning")
def test_empty_cells_between_tabs_are_no_coordinates(tmp_path: Path) -> None:
    for row in ("\t0\t0", "1.5\t\t0", "1.5\t0\t"):
        empty = HOLES.replace("1.5\t0\t0", row)
        with pytest.raises(DataFileError, match="point 1: NaN"):
            read_points(saved(tmp_path, "a.tsv", empty.encode()))


def test_groups_of_three_digits_between_tabs_are_not_guessed(tmp_path: Path) -> None:
    data = b"x\ty\tz\tt\n1,500\t2,250\t3,125\t\n4,500\t5,250\t6,125\t1,000\n"
    with pytest.raises(DataFileError, match="both `,` and tabs between numbers"):
        read_points(saved(tmp_path, "a.tsv", data))


def test_the_bad_cell_is_named_not_an_empty_one(tmp_path: Path) -> None:
    for name, data in (("a.tsv", HOLES), ("a.csv", HOLES.replace("\t", ","))):
        bad = data.replace("4.5", "four")
        with pytest.raises(DataFileError, match="line 5: `four` is not a number"):
            read_points(saved(tmp_path, name, bad.encode()))


@pytest.mark.parametrize("head", ["", "x\ty\tz\n", "x\t\ty\t\tz\n"])
@pytest.mark.parametrize("sign", ["\t\t", "\t \t", "\t"])
def test_tabs_that_align_columns_are_as_good_as_blanks(
    head: str, sign: str, tmp_path: Path
) -> None:
    rows = lines(POINTS).replace(b" ", sign.encode()).replace(b"\n", b"\t\n")
    cloud = read_points(saved(tmp_path, "a.txt", head.encode() + rows))
    np.testing.assert_allclose(cloud.positions, POINTS, atol=1e-5)
    assert not cloud.data


def test_tabs_between_groups_of_columns_are_as_good_as_blanks(tmp_path: Path) -> None:
    rows = lines(POINTS, RGB).splitlines()
    data = b"\n".join(b"%b %b %b\t%b %b\t%b" % tuple(row.split()) for row in rows)
    with pytest.warns(InputWarning, match="taken for colours"):
        cloud = read_points(saved(tmp_path, "a.txt", data + b"\n#\t\tthe end\n"))
    require_same(cloud, "c")


@pytest.mark.parametrize("name", ["a.ply", "a.pcd", "a.xyz"])
def test_long_tables_of_text_are_read_like_short_ones(name: str, tmp_path: Path) -> None:
    count = 25_000
    table = np.random.default_rng(1).normal(size=(count, 3)).round(4)
    head = f"ply\nformat ascii 1.0\nelement vertex {count}\n"
    head += "".join(f"property float {axis}\n" for axis in "xyz")
    heads = {
        "a.ply": f"{head}{BAD_FACES}end_header\n",
        "a.pcd": f"FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS {count}\nDATA ascii\n",
    }
    body = lines(table) + (b"3 0 1 2\n4 3 2 1 0\n" if name == "a.ply" else b"")
    path = saved(tmp_path, name, heads.get(name, "").encode() + body)
    arrays = read_arrays(path)
    np.testing.assert_allclose(arrays.positions, table, atol=1e-9)
    assert arrays.faces is None or len(arrays.faces) == 3
    assert calls_of(lambda: read_arrays(path)) < 20_000  # and no call for each point
    bad = saved(tmp_path, f"bad{name[1:]}", path.read_bytes().replace(b" -0.5", b" nil", 1))
    with pytest.raises(DataFileError, match=r"line \d+: `nil"):
        read_arrays(bad)
