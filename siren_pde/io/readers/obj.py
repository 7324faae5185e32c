"""OBJ: lines of vertices, normals and polygons, the first word saying which."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from siren_pde.io.readers.names import COLOUR, POSITION
from siren_pde.io.readers.source import Arrays, Floats, Integers, Line, Source, fans, shown

_PASSED_OVER = frozenset(
    b"vt vp fo l p g o s mg usemtl usemap mtllib maplib lod bevel c_interp d_interp shadow_obj "
    b"trace_obj cstype deg bmat step curv curv2 surf parm trim hole scrv sp end con ctech stech "
    b"call csh".split()
)
"""What else may start a line: textures, groups, materials, curves."""
Corner = tuple[int, int]  # vertex, normal (-1: none), counted from 0


def read_obj(source: Source) -> Arrays:
    """Vertices, colours after them, faces (as triangles) and one normal per vertex where the file
    says it uniquely.
    """
    source = source.text
    joined = Source(source.name, source.data.replace(b"\\\r\n", b" ").replace(b"\\\n", b" "))
    vertices, normals = list[Line](), list[Line]()
    polygons = list[_Face]()
    for line in joined.lines():
        word, *rest = line.text.split(maxsplit=1)
        if word == b"v":
            vertices.append(Line(line.number, b"".join(rest)))
        elif word == b"vn":
            normals.append(Line(line.number, b"".join(rest)))
        elif word == b"f":
            polygons.append(_Face(line, len(vertices), len(normals)))
        elif word not in _PASSED_OVER:
            raise source.broken(f"line {line.number}", f"{shown(word)} cannot start a line of OBJ")
    if not vertices:
        raise source.broken("the whole file", "no line `v x y z`")
    table = source.rows(vertices)
    if table.shape[1] < 3:
        raise source.broken(f"line {vertices[0].number}", f"{table.shape[1]} coordinates")
    columns = dict(zip(POSITION, table.T, strict=False))
    columns |= dict(zip(COLOUR, table.T[3:6], strict=True)) if table.shape[1] == 6 else {}
    corners = source.tolerated(lambda: _polygons(source, polygons, len(normals))) or []
    directions = _one_per_vertex(corners, len(vertices), source.rows(normals, 3))
    faces = fans([[vertex for vertex, _ in polygon] for polygon in corners]) if corners else None
    return replace(Arrays.of_columns(columns, faces), normals=directions)


class _Face(NamedTuple):
    """A line of a face, and how many vertices and normals come before it."""

    line: Line
    vertices: int
    normals: int


def _polygon(source: Source, face: _Face) -> list[Corner]:
    """`f v/t/n …`: indices from 1, or from −1 backwards from the last line so far."""
    line, vertices, normals = face
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


def _polygons(source: Source, faces: list[_Face], normals: int) -> list[list[Corner]]:
    polygons = [_polygon(source, face) for face in faces]
    largest = max((normal for polygon in polygons for _, normal in polygon), default=-1)
    if largest >= normals:
        seen = f"normal {largest + 1} of {normals} is the corner of a face"
        raise source.broken("the whole file", seen)
    return polygons


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
