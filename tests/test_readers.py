"""Files in every format and encoding give the same arrays; damaged ones give `DataFileError`."""

import re
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from siren_pde.errors import DataFileError
from siren_pde.readers import read_arrays, read_mesh, read_points

POINTS = np.array([[0, 0, 0], [1, 0, 0.5], [1, 1, -2], [0, 1.25, 3e-4], [2, 2, 2]])
NORMALS = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0], [0.6, 0.8, 0], [0, -1, 0]])
POLYGONS = [(0, 1, 2, 3), (0, 3, 4), (0, 1, 2, 3, 4)]
TRIANGLES = [(0, 1, 2), (0, 2, 3), (0, 3, 4), (0, 1, 2), (0, 2, 3), (0, 3, 4)]


def ply(encoding: str, real: str = "double", polygons=POLYGONS, before: bool = False) -> bytes:
    """A PLY file with normals, two extra properties, polygons, and an element no one knows."""
    known = {"float": "f4", "double": "f8", "float32": "f4", "float64": "f8"}
    names = ["confidence", "x", "y", "z", "nx", "ny", "nz", "red"]
    table = np.column_stack([np.arange(5) / 4, POINTS, NORMALS, np.arange(5) + 250])
    types = [real] * 7 + ["uchar"]
    camera = ["element camera 2", "property list ushort short things", "property int8 one"]
    header = ["ply", f"format {encoding} 1.0", "comment made here", "obj_info and here"]
    header += camera if before else []
    header += [
        "element vertex 5",
        *(f"property {t} {n}" for t, n in zip(types, names, strict=True)),
    ]
    header += [f"element face {len(polygons)}", "property uchar flag"]
    header += ["property list uchar int vertex_indices", "end_header", ""]
    head = "\n".join(header).encode()
    if encoding == "ascii":
        lines = ["2 7 -8 9", "0 1"] if before else []
        lines += [" ".join(repr(float(v)) for v in row[:7]) + f" {int(row[7])}" for row in table]
        lines += ["1 " + " ".join(map(str, (len(p), *p))) for p in polygons]
        return head + "\n".join(lines).encode()
    order = "<" if "little" in encoding else ">"
    body = b""
    if before:
        body += np.array([2], order + "u2").tobytes() + np.array([7, -8], order + "i2").tobytes()
        body += b"\x09" + np.array([0], order + "u2").tobytes() + b"\x01"
    kinds = [
        (n, "u1" if t == "uchar" else order + known[t]) for n, t in zip(names, types, strict=True)
    ]
    body += np.rec.fromarrays(table.T, dtype=kinds).tobytes()
    for p in polygons:
        body += b"\x01" + bytes([len(p)]) + np.array(p, order + "i4").tobytes()
    return head + body


def text(separator: str, header: str = "", normals: bool = True) -> bytes:
    table = np.hstack([POINTS, NORMALS]) if normals else POINTS
    return (header + "\n".join(separator.join(map(repr, r)) for r in table.tolist())).encode()


def npy(table: np.ndarray) -> bytes:
    from io import BytesIO

    file = BytesIO()
    np.save(file, table)
    return file.getvalue()


OBJ = b"""# a house
mtllib none.mtl
v 0 0 0
v 1 0 0.5   # a comment
v 1 1 -2
v 0 1.25 3e-4
v 2 2 2
vn 0 0 1
vn 0 1 0
vn 1 0 0
vn 0.6 0.8 0
vn 0 -1 0
vt 0.5 0.5
g roof
f 1//1 2//2 3/1/3 4//4
f -5/1/-5 \\
  -2/1/-2 -1//-1
f 1//1 2//2 3//3 4//4 5//5
"""
OFF = b"""OFF
# vertices faces edges

5 3 0
0 0 0
1 0 0.5
1 1 -2

0 1.25 3e-4   # here
2 2 2
4 0 1 2 3  255 0 0
3 0 3 4
5 0 1 2 3 4 0.5 0.5 0.5
"""
NOFF = b"CNOFF 5 3 0\n" + b"\n".join(
    [
        *(
            f"{' '.join(map(str, [*p, *n]))} 9 9 9".encode()
            for p, n in zip(POINTS, NORMALS, strict=True)
        ),
        *(f"{len(p)} {' '.join(map(str, p))}".encode() for p in POLYGONS),
    ]
)
TABLE = np.hstack([POINTS, NORMALS])
MESHES = {
    "ascii.ply": ply("ascii"),
    "little.ply": ply("binary_little_endian"),
    "big.ply": ply("binary_big_endian"),
    "single.ply": ply("binary_little_endian", "float"),
    "later.ply": ply("binary_big_endian", "float64", before=True),
    "latertext.ply": ply("ascii", "float32", before=True),
    "house.obj": OBJ,
    "house.off": NOFF,
    "windows.obj": OBJ.replace(b"\n", b"\r\n"),
    "windows.off": NOFF.replace(b"\n", b"\r\n"),
    "windows.ply": ply("ascii").replace(b"\n", b"\r\n"),
}
CLOUDS = {
    "spaces.xyz": text(" "),
    "tabs.txt": text("\t", "# made here\n\n"),
    "commas.csv": text(",", "x,y,z,nx,ny,nz\n"),
    "semicolons.csv": text(" ; ", '"x";"y";"z";"nx";"ny";"nz"\n'),
    "counted.xyz": text(" ", "5\n"),
    "array.npy": npy(TABLE),
    "fortran.npy": npy(np.asfortranarray(TABLE.astype(">f8"))),
}


def saved(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", [*MESHES, *CLOUDS])
def test_every_format_gives_the_same_arrays(name: str, tmp_path: Path) -> None:
    arrays = read_arrays(saved(tmp_path, name, {**MESHES, **CLOUDS}[name]))
    close = {"rtol": 1e-7, "atol": 1e-11} if "single" in name else {"rtol": 0, "atol": 0}
    np.testing.assert_allclose(arrays.positions, POINTS, **close)
    np.testing.assert_allclose(arrays.normals, NORMALS, rtol=1e-7, atol=1e-15)
    if name in MESHES:
        np.testing.assert_array_equal(arrays.faces, TRIANGLES)
    if name.endswith("ply"):
        np.testing.assert_array_equal(arrays.columns["red"], np.arange(5) + 250)


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian", "binary_big_endian"])
def test_faces_of_one_size_and_of_many_are_read_alike(encoding: str, tmp_path: Path) -> None:
    one = read_arrays(saved(tmp_path, "a.ply", ply(encoding, polygons=TRIANGLES)))
    many = read_arrays(saved(tmp_path, "b.ply", ply(encoding)))
    np.testing.assert_array_equal(one.faces, many.faces)


def test_plain_off_and_three_columns_have_no_normals(tmp_path: Path) -> None:
    for name, data in (("a.off", OFF), ("b.xyz", text(" ", normals=False)), ("c.npy", npy(POINTS))):
        arrays = read_arrays(saved(tmp_path, name, data))
        np.testing.assert_array_equal(arrays.positions, POINTS)
        assert arrays.normals is None
    np.testing.assert_array_equal(read_mesh(tmp_path / "a.off").faces, TRIANGLES)


def test_named_columns_become_measurements(tmp_path: Path) -> None:
    rows = "\n".join(f"{300 + i},{x},{y},{z},{i}" for i, (x, y, z) in enumerate(POINTS))
    cloud = read_points(saved(tmp_path, "a.csv", b"Temperature,X,Y,Z,normal\n" + rows.encode()))
    np.testing.assert_array_equal(cloud.positions, POINTS)
    np.testing.assert_array_equal(cloud.data["temperature"], 300 + np.arange(5))
    assert set(cloud.data) == {"temperature"}  # `normal` means something else at points


def test_points_and_meshes_are_values(tmp_path: Path) -> None:
    cloud = read_points(saved(tmp_path, "a.ply", MESHES["big.ply"]))
    np.testing.assert_array_equal(cloud.positions, POINTS)
    np.testing.assert_allclose(cloud.normals, NORMALS, rtol=1e-15)
    assert read_mesh(tmp_path / "a.ply").faces.shape == (6, 3)
    with pytest.raises(DataFileError, match="no faces"):
        read_mesh(saved(tmp_path, "a.xyz", CLOUDS["spaces.xyz"]))


def test_normals_are_scaled_to_one(tmp_path: Path) -> None:
    long = np.hstack([POINTS, NORMALS * np.array([[1e-200], [3], [1e200], [0.5], [1]])])
    np.testing.assert_allclose(
        read_arrays(saved(tmp_path, "a.npy", npy(long))).normals, NORMALS, rtol=1e-14
    )


@pytest.mark.parametrize("bad", [[0, 0, 0], [np.nan, 0, 1], [0, np.inf, 0]])
def test_unusable_normals_are_left_out_with_a_warning(bad: list[float], tmp_path: Path) -> None:
    table = TABLE.copy()
    table[2, 3:] = bad
    path = saved(tmp_path, "a.npy", npy(table))
    with pytest.warns(UserWarning, match="1 of 5 normals"):
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


BROKEN = [  # name, content, what the message must say
    ("a.ply", b"plx\n", "line 1.*`plx.`"),
    ("a.ply", b"ply\nformat ascii 1.0\nelement vertex 3\n", "end_header"),
    ("a.ply", b"ply\nformat morse 1.0\nend_header\n", "line 2"),
    ("a.ply", b"ply\nelement vertex 0\nend_header\n", "format"),
    ("a.ply", b"ply\nformat ascii 1.0\nelement vertex many\nend_header\n", "line 3.*`many`"),
    ("a.ply", b"ply\nformat ascii 1.0\nelement vertex -1\nproperty int x\nend_header\n", "-1 rows"),
    ("a.ply", b"ply\nformat ascii 1.0\nelement vertex 5\nend_header\n", "0 properties"),
    ("a.ply", b"ply\nformat ascii 1.0\nproperty int x\nend_header\n", "line 3"),
    ("a.ply", MESHES["ascii.ply"].replace(b"double y", b"double x"), "second property `x`"),
    ("a.ply", MESHES["ascii.ply"].replace(b"double y", b"quad y"), "line 8.*`property quad y`"),
    ("a.ply", MESHES["ascii.ply"].replace(b"double y", b"double Y"), "x, y and z"),
    ("a.ply", MESHES["ascii.ply"].replace(b"-2.0", b"minus two"), "line 20.*`minus`"),
    ("a.ply", MESHES["ascii.ply"].replace(b"-2.0", b""), "line 20: 7 numbers where 8"),
    ("a.ply", MESHES["ascii.ply"].replace(b"1 4 0 1 2 3", b"1 4 0 1 2"), "line 23: .* 4 entries"),
    ("a.ply", MESHES["ascii.ply"].replace(b"1 4 0 1 2 3", b"1 4 0 1 2 3 4"), "line 23: more"),
    ("a.ply", MESHES["ascii.ply"].replace(b"1 4 0 1 2 3", b"1 4 0 1 2 5"), r"\[0, 2, 5\].*5 vert"),
    ("a.ply", MESHES["ascii.ply"].replace(b"1 3 0 3 4", b"1 2 0 3"), "2 corners"),
    ("a.ply", MESHES["ascii.ply"].replace(b"uchar int vertex", b"uchar float vertex"), "whole"),
    ("a.ply", MESHES["little.ply"][:-1], "byte 650, row 2 of `face`.*end of the file"),
    ("a.ply", MESHES["little.ply"][:500], "rows of `vertex` are declared, .* bytes are left"),
    ("a.obj", b"v 0 0 0\nv 1 0\n", "line 2: 2 numbers where 3"),
    ("a.obj", b"v 0 0\nv 1 0\n", "line 1: 2 coordinates"),
    ("a.obj", b"f 1 2 3\n", "no line `v"),
    ("a.obj", b"v 0 0 0\nf 1 1\n", "line 2.*2 corners"),
    ("a.obj", b"v 0 0 0\nf 0 1 1\n", "line 2.*vertex 0.*count from 1"),
    ("a.obj", b"v 0 0 0\nf -2 1 1\n", "line 2.*vertex -2 of 1"),
    ("a.obj", b"v 0 0 0\nf 1 1 2\n", r"\[0, 0, 1\]"),
    ("a.obj", b"v 0 0 0\nf 1 1 a/b\n", "line 2.*`a`"),
    ("a.off", b"FFO\n3 1 0\n", "line 1.*`FFO`"),
    ("a.off", b"OFF\n", "line 1.*no numbers"),
    ("a.off", b"OFF BINARY\n3 1 0\n", "line 1.*`BINARY`"),
    ("a.off", b"OFF\n3\n", "line 2.*`3`"),
    ("a.off", b"OFF\n999999999 1 0\n0 0 0", "999999999 vertices"),
    ("a.off", OFF.replace(b"3 0 3 4", b"3 0 3"), "line 12.*3 corners that lists 2"),
    ("a.off", b"NOFF 1 0\n0 0 0\n", "line 2: 3 numbers per vertex where 6"),
    ("a.off", b"OFF 0 0\n", "no points"),
    ("a.xyz", b"# nothing\n", "only comments"),
    ("a.xyz", b"x y z\n", "no line with numbers"),
    ("a.xyz", b"1 2 3\n4 5\n", "line 2: 2 numbers where 3"),
    ("a.xyz", b"1 2 3\n4 5 six\n", "line 2: `six`"),
    ("a.xyz", b"1 2 3 4\n", "4 columns. Give three"),
    ("a.xyz", b"7\n1 2 3\n", "line 1: `7` points are declared, 1 lines"),
    ("a.csv", b"1,5;2,0;3,1\n", "line 1: both"),
    ("a.csv", b"# a, b; c\n\nx;y;z\n1,5;2,0;3,1\n", "line 4: both"),
    ("a.csv", b"x,y,z,x\n1,2,3,4\n", "4 columns under 3"),
    ("a.npy", b"\x93NUMPX", "byte 0"),
    ("a.npy", npy(POINTS)[:-8], "needs 120 bytes, 112 follow"),
    ("a.npy", npy(POINTS[:, :2]), "2 columns"),
    ("a.npy", npy(POINTS.astype(complex)), "byte 10"),
    ("a.npy", npy(POINTS).replace(b"(5, 3)", b"(9, 3)"), "needs 216 bytes"),
    ("a.stl", b"solid", r"\.ply, \.obj"),
    ("a.ply", b" \n", "empty"),
]


@pytest.mark.parametrize(("name", "data", "message"), BROKEN)
def test_broken_files_say_where_and_what(
    name: str, data: bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataFileError, match=rf"a\.\w+`.*{message}") as caught:
        read_arrays(saved(tmp_path, name, data))
    assert re.search(r"[.:] [A-Z`R].*\.$", str(caught.value))  # ends by what to do


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self):  # would run on unpickling
            return (Path.write_text, (tmp_path / "hacked", "yes"))

    array = np.array([[Payload(), 1, 2]], dtype=object)
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(DataFileError, match="plain array"):
        read_arrays(tmp_path / "a.npy")
    assert not (tmp_path / "hacked").exists()


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.ply", tmp_path, tmp_path / "a\0b.ply"):
        with pytest.raises(DataFileError):
            read_arrays(path)
    (tmp_path / "folder.ply").mkdir()
    with pytest.raises(DataFileError, match=r"folder\.ply"):
        read_arrays(tmp_path / "folder.ply")


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian"])
@pytest.mark.parametrize("element", ["vertex", "face"])
def test_headers_that_promise_too_much_are_refused_at_once(
    encoding: str, element: str, tmp_path: Path
) -> None:
    count = {"vertex": 5, "face": 3}[element]
    data = ply(encoding).replace(
        f"element {element} {count}".encode(), f"element {element} 150000000".encode()
    )
    path = saved(tmp_path, "bomb.ply", data)
    start = time.process_time()
    with pytest.raises(DataFileError, match="150000000 rows"):
        read_arrays(path)
    assert time.process_time() - start < 0.1


def test_two_million_points_load_quickly(tmp_path: Path) -> None:
    table = np.random.default_rng(0).normal(size=(2_000_000, 6)).astype("<f4")
    header = "ply\nformat binary_little_endian 1.0\nelement vertex 2000000\n"
    header += "".join(f"property float {n}\n" for n in ("x", "y", "z", "nx", "ny", "nz"))
    path = saved(tmp_path, "big.ply", (header + "end_header\n").encode() + table.tobytes())
    start = time.process_time()
    arrays = read_arrays(path)
    assert time.process_time() - start < 2
    np.testing.assert_array_equal(arrays.positions[::1000], table[::1000, :3])


def mutated(data: bytes, draw: np.random.Generator) -> bytes:
    """One to four random changes: flipped bytes, cuts, copies, numbers made large, garbage."""
    out = bytearray(data)
    for _ in range(draw.integers(1, 5)):
        at = int(draw.integers(0, len(out))) if out else 0
        match draw.integers(0, 6):
            case 0:
                out[at : at + 1] = bytes([draw.integers(0, 256)])
            case 1:
                del out[at:]
            case 2:
                del out[at : at + int(draw.integers(1, 9))]
            case 3:
                out[at:at] = out[at : at + int(draw.integers(1, 30))]
            case 4:
                digits = list(re.finditer(rb"\d+", out))
                if digits:
                    start, end = digits[draw.integers(0, len(digits))].span()
                    out[start:end] = [b"4294967297", b"-1", b"1e400", b"nan", b"9" * 30][
                        draw.integers(0, 5)
                    ]
            case 5:
                out[at:at] = draw.bytes(int(draw.integers(1, 12)))
    return bytes(out)


@pytest.mark.parametrize("name", [*MESHES, "plain.off", *CLOUDS])
def test_damaged_files_raise_nothing_but_data_file_error(name: str, tmp_path: Path) -> None:
    original = {**MESHES, **CLOUDS, "plain.off": OFF}[name]
    draw = np.random.default_rng(sum(name.encode()))
    refused = 0
    for _ in range(400):
        path = saved(tmp_path, name, mutated(original, draw))
        with warnings.catch_warnings():
            warnings.filterwarnings("error")
            warnings.filterwarnings("ignore", message=".*normals are zero")
            for read in (read_points, read_mesh):
                try:
                    read(path)
                except DataFileError as error:
                    refused += 1
                    assert str(path) in str(error)
    assert refused > 100
