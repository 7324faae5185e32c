"""OBJ: lines of vertices, normals and polygons, the first word saying which."""

from __future__ import annotations

import numpy as np

from siren_pde.io.readers.source import Arrays, Floats, Integers, Line, Source, fans, shown

_PASSED_OVER = frozenset(
    b"vt vp fo l p g o s mg usemtl usemap mtllib maplib lod bevel c_interp d_interp shadow_obj "
    b"trace_obj cstype deg bmat step curv curv2 surf parm trim hole scrv sp end con ctech stech "
    b"call csh".split()
)
"""What else may start a line: textures, groups, materials, curves."""
Corner = tuple[int, int]  # vertex, normal (-1: none), counted from 0


def read_obj(source: Source) -> Arrays:
    """Vertices, faces (as triangles) and one normal per vertex where the file says it uniquely."""
    joined = Source(source.name, source.data.replace(b"\\\r\n", b" ").replace(b"\\\n", b" "))
    vertices, normals = list[Line](), list[Line]()
    polygons: list[list[Corner]] = []
    for line in joined.lines():
        word, _, rest = line.text.partition(b" ")
        if word == b"v":
            vertices.append(Line(line.number, rest))
        elif word == b"vn":
            normals.append(Line(line.number, rest))
        elif word == b"f":
            polygons.append(_polygon(source, line, len(vertices), len(normals)))
        elif word not in _PASSED_OVER:
            raise source.broken(f"line {line.number}", f"{shown(word)} cannot start a line of OBJ")
    if not vertices:
        raise source.broken("the whole file", "no line `v x y z`")
    table = source.rows(vertices)
    if table.shape[1] < 3:
        raise source.broken(f"line {vertices[0].number}", f"{table.shape[1]} coordinates")
    _require_normals(source, polygons, len(normals))
    directions = _one_per_vertex(polygons, len(vertices), source.rows(normals, 3))
    faces = fans([[vertex for vertex, _ in polygon] for polygon in polygons])
    return Arrays(table[:, :3], directions, faces if polygons else None)


def _polygon(source: Source, line: Line, vertices: int, normals: int) -> list[Corner]:
    """`f v/t/n …`: indices from 1, or from −1 backwards from the last line so far."""
    where = f"line {line.number}"
    corners = []
    for word in line.text.split()[1:]:
        vertex, *others = word.split(b"/")
        normal = others[1] if len(others) > 1 else b""
        index = source.whole(vertex, where)
        direction = source.whole(normal, where) if normal else 0
        corners.append(
            (
                index - 1 if index > 0 else vertices + index,
                direction - 1 if direction > 0 else normals + direction if direction else -1,
            )
        )
        if index == 0 or corners[-1][0] < 0:
            raise source.broken(where, f"vertex {index} of {vertices}", "Vertices count from 1.")
    if len(corners) < 3:
        raise source.broken(where, f"a face of {len(corners)} corners, fewer than three")
    return corners


def _require_normals(source: Source, polygons: list[list[Corner]], normals: int) -> None:
    largest = max((normal for polygon in polygons for _, normal in polygon), default=-1)
    if largest >= normals:
        seen = f"normal {largest + 1} of {normals} is the corner of a face"
        raise source.broken("the whole file", seen)


def _one_per_vertex(polygons: list[list[Corner]], vertices: int, table: Floats) -> Floats | None:
    """The normal of each vertex, if every vertex is used with just one; None otherwise."""
    if not polygons:
        return table if len(table) == vertices else None
    corners: Integers = np.array([c for p in polygons for c in p], dtype=np.int64)
    if not len(table) or corners.min() < 0:
        return None
    if corners[:, 0].max() >= vertices:
        return None
    chosen = np.full(vertices, -1, dtype=np.int64)
    chosen[corners[:, 0]] = corners[:, 1]
    if chosen.min() < 0 or not np.array_equal(chosen[corners[:, 0]], corners[:, 1]):
        return None
    return np.asarray(table[chosen])
