"""The same five points and three polygons in every format the readers know."""

import gzip
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np

POINTS = np.array([[0, 0, 0], [1, 0, 0.5], [1, 1, -2], [0, 1.25, 3e-4], [2, 2, 2]])
NORMALS = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0], [0.6, 0.8, 0], [0, -1, 0]])
POLYGONS = [(0, 1, 2, 3), (0, 3, 4), (0, 1, 2, 3, 4)]
TRIANGLES = [(0, 1, 2), (0, 2, 3), (0, 3, 4), (0, 1, 2), (0, 2, 3), (0, 3, 4)]


def ply(
    encoding: str,
    real: str = "double",
    polygons: Sequence[Sequence[int]] = POLYGONS,
    before: bool = False,
) -> bytes:
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
    file = BytesIO()
    np.save(file, table)
    return file.getvalue()


PCD_FIELDS = ("x", "y", "z", "rgb", "normal_x", "normal_y", "normal_z")


def pcd(data: str, columns: Mapping[str, np.ndarray]) -> bytes:
    """A PCD file of these columns; what is packed is packed as runs of plain bytes."""
    count = len(next(iter(columns.values())))
    kinds = {"f": "F", "u": "U", "i": "I"}
    head = ["# .PCD v0.7 - Point Cloud Data file format", "VERSION 0.7"]
    head += [f"FIELDS {' '.join(columns)}"]
    head += [f"SIZE {' '.join(str(c.dtype.itemsize) for c in columns.values())}"]
    head += [f"TYPE {' '.join(kinds[c.dtype.kind] for c in columns.values())}"]
    head += [f"COUNT {' '.join('1' for _ in columns)}", f"WIDTH {count}", "HEIGHT 1"]
    head += ["VIEWPOINT 0 0 0 1 0 0 0", f"POINTS {count}", f"DATA {data}", ""]
    body = b"".join(np.ascontiguousarray(c).tobytes() for c in columns.values())
    if data == "ascii":
        rows = zip(*(c.tolist() for c in columns.values()), strict=True)
        body = "\n".join(" ".join(map(repr, row)) for row in rows).encode()
    elif data == "binary":
        body = np.rec.fromarrays([*columns.values()]).tobytes()
    else:
        runs = [body[i : i + 32] for i in range(0, len(body), 32)]
        packed = b"".join(bytes([len(run) - 1]) + run for run in runs)
        sizes = np.array([len(packed), len(body)], "<u4")
        body = sizes.tobytes() + packed
    return "\n".join(head).encode() + body


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
STL_TEXT = "\n".join(
    [
        "solid a house # of 6",
        *(
            "\n".join(
                [
                    "  facet normal 0 0 0\n    outer loop",
                    *(f"      vertex {x!r} {y!r} {z!r}" for x, y, z in POINTS[list(t)].tolist()),
                    "    endloop\n  endfacet",
                ]
            )
            for t in TRIANGLES
        ),
        "endsolid a house",
    ]
).encode()
STL_ROWS = np.zeros(len(TRIANGLES), dtype=[("numbers", "<f4", (4, 3)), ("attribute", "<u2")])
STL_ROWS["numbers"][:, 1:] = POINTS[np.array(TRIANGLES)]
STL = b"solid, but of bytes".ljust(80) + bytes([len(TRIANGLES), 0, 0, 0]) + STL_ROWS.tobytes()
TABLE = np.hstack([POINTS, NORMALS])
PLAIN = {  # without normals
    "plain.off": OFF,
    "text.stl": STL_TEXT,
    "windows.stl": STL_TEXT.upper().replace(b"\n", b"\r\n"),
    "single.stl": STL,
}
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


def ptx(rows: Sequence[bytes], shift: float = 1.0) -> bytes:
    """A scan whose matrix turns x to y and moves by `shift`, and one direction without a point."""
    head = [f"{len(rows) + 1}", "1", "0 0 0", "1 0 0", "0 1 0", "0 0 1"]
    head += ["0 1 0 0", "-1 0 0 0", "0 0 1 0", f"{shift} 0 0 1", "0 0 0 0.5 0 0 0", ""]
    return "\r\n".join(head).encode() + b"\r\n".join(rows) + b"\r\n"


def lines_of(table: np.ndarray) -> bytes:
    return "\n".join(" ".join(map(repr, row)) for row in table.tolist()).encode()


def named(table: np.ndarray) -> np.ndarray:
    """An array whose columns have names."""
    kinds = [("position", "<f8", (3,)), ("normal", "<f4", (3,)), ("intensity", "<u2")]
    rows = np.zeros(len(table), dtype=kinds)
    rows["position"], rows["normal"], rows["intensity"] = table[:, :3], table[:, 3:], 7
    return rows


def scans() -> dict[str, bytes]:
    """Clouds as scanners and the programs around them write them, with colours and intensities."""
    bits = np.arange(5, dtype="<u4") * 0x010203
    fields = {"rgb": bits.view("<f4"), "intensity": np.arange(5, dtype="<u2")}
    columns = {
        **{axis: POINTS[:, i].astype("<f4") for i, axis in enumerate("xyz")},
        **{f"normal_{axis}": NORMALS[:, i].astype("<f4") for i, axis in enumerate("xyz")},
    }
    body = lines_of(POINTS)
    rows = [line + b" -1500 %d 7 250" % i for i, line in enumerate(body.split(b"\n"))]
    file = BytesIO()
    np.savez_compressed(file, points=POINTS, normals=NORMALS, colors=np.eye(5, 3), heat=bits)
    strips = b"element tristrips 1\nproperty list int int vertex_indices\nend_header\n"
    plain = b"ply\nformat ascii 1.0\nelement vertex 5\nproperty float x\nproperty float y\n"
    plain += b"property float z\n" + strips + body + b"\n6 0 1 2 3 -1 4\n"
    return {
        **{f"{data}.pcd": pcd(data, columns | fields) for data in ("ascii", "binary")},
        "binary_compressed.pcd": pcd("binary_compressed", columns | fields),
        "scan.pts": b"5\n" + b"\n".join(rows),
        "cloud.asc": b"//X Y Z I R G B\n5\n" + b"\n".join(rows),
        "two.ptx": ptx(rows[:3]) + ptx(rows[3:], shift=0.0),
        "german.txt": body.replace(b" ", b";").replace(b".", b","),
        "normals.pwn": b"5\n" + body + b"\n" + lines_of(NORMALS),
        "columns.npy": npy(named(TABLE)),
        "named.npz": file.getvalue(),
        "strips.ply": plain,
        "packed.ply.gz": gzip.compress(plain),
        "wide.txt": text(" ").decode().encode("utf-16"),
        "frame.csv": b",Easting,Northing,Height\n"
        + b"\n".join(
            b"%d," % i + line.replace(b" ", b",") for i, line in enumerate(body.split(b"\n"))
        ),
    }


def saved(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path
