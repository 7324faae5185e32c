"""Damaged files give `DataFileError`, which says where and what, and nothing else."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from siren_pde.errors import DataFileError, InputWarning
from siren_pde.io.readers import read_arrays, read_mesh, read_points
from tests.costs import peak_of
from tests.sample_files import (
    CLOUDS,
    MESHES,
    OFF,
    PLAIN,
    POINTS,
    STL,
    STL_TEXT,
    npy,
    ply,
    saved,
)

SINGLE = MESHES["single.ply"]
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
    ("a.ply", MESHES["ascii.ply"].replace(b"double y", b"double why"), "x, y and z"),
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
    ("a.xyz", b"1 2 3 4 5\n", "5 columns. Give three"),
    ("a.xyz", b"7\n1 2 3\n", "line 1: `7` points are declared, 1 lines"),
    ("a.csv", b"1,5;2,0;3.1\n", "line 1: both"),
    ("a.csv", b"# a, b; c\n\nx;y;z\n1,500;2,000;3,100\n", "line 4: both"),
    ("a.csv", b"x,y,z,x\n1,2,3,4\n", "4 columns under 3"),
    ("a.npy", b"\x93NUMPX", "byte 0"),
    ("a.npy", npy(POINTS)[:-8], "needs 120 bytes, 112 follow"),
    ("a.npy", npy(POINTS[:, :2]), "2 columns"),
    ("a.npy", npy(POINTS.astype(complex)), "byte 10"),
    ("a.npy", npy(POINTS).replace(b"(5, 3)", b"(9, 3)"), "needs 216 bytes"),
    ("a.stl", b"solid", "line 1: the text ends before `endsolid`"),
    ("a.stl", b"solid\nendsolid\n", "no points"),
    ("a.stl", STL_TEXT[:-20], "line 43: the text ends"),
    ("a.stl", STL_TEXT.replace(b"outer", b"inner"), "line 3: `inner loop` where `outer`"),
    ("a.stl", STL_TEXT.replace(b"vertex 1.0 1.0 -2.0\n", b"\n"), "line 7: `endloop` where `vert"),
    ("a.stl", STL_TEXT.replace(b"1.0 -2.0", b"-2.0"), "line 6: 2 numbers where 3"),
    ("a.stl", STL_TEXT.replace(b"-2.0", b"two"), "line 6: `two`"),
    ("a.stl", STL_TEXT.replace(b"-2.0", b"nan"), "point 2: NaN"),
    ("a.stl", STL_TEXT.replace(b"  endfacet\nends", b"ends"), "line 43: a facet that does not"),
    ("a.stl", b"-" + STL[1:83], "83 bytes, fewer than the 84"),
    ("a.stl", b"-" + STL[1:-1], "6 triangles of 50 bytes are declared, 299 bytes are left"),
    ("a.stl", b"-" + STL[1:80] + b"\xff" * 4 + STL[84:], "4294967295 triangles"),
    ("a.stl", STL[:96] + b"\0\0\xc0\x7f" + STL[100:], "point 0: NaN"),
    ("a.stl", STL[:96] + b"\0\0\xa0\x7f" + STL[100:], "point 0: NaN"),
    ("a.ply", SINGLE.replace(np.float32(-2).tobytes(), b"\0\0\xa0\x7f"), "point 2: NaN"),
    ("a.npy", npy(np.frombuffer(b"\0\0\xa0\x7f" * 6, "<f4").reshape(2, 3)), "point 0: NaN"),
    ("a.docx", b"{}", r"\.ply, \.obj"),
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

    def attempt() -> None:
        with pytest.raises(DataFileError, match="150000000 rows"):
            read_arrays(path)

    assert peak_of(attempt) < 1_000_000  # what is promised would take gigabytes


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


@pytest.mark.parametrize("name", [*MESHES, *PLAIN, *CLOUDS])
def test_damaged_files_raise_nothing_but_data_file_error(name: str, tmp_path: Path) -> None:
    original = {**MESHES, **CLOUDS, **PLAIN}[name]
    draw = np.random.default_rng(sum(name.encode()))
    refused = 0
    for _ in range(400):
        path = saved(tmp_path, name, mutated(original, draw))
        with warnings.catch_warnings():
            warnings.filterwarnings("error")
            warnings.simplefilter("ignore", InputWarning)
            for read in (read_points, read_mesh):
                try:
                    read(path)
                except DataFileError as error:
                    refused += 1
                    assert str(path) in str(error)
    assert refused > 100
