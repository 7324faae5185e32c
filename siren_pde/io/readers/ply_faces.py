"""The faces of a PLY file: polygons, or strips of triangles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from siren_pde.io.readers.source import Integers, Source, fan, fans

# A scalar property is a vector; a list property a matrix, or a list where the lengths differ.
Vector = npt.NDArray[np.generic]
Column = Vector | list[Vector]
Table = dict[str, Column]


def faces_of(source: Source, tables: dict[str, Table]) -> Integers | None:
    """Triangles (f, 3) of the elements `face` and `tristrips`, None where there are none."""
    parts = [
        _polygons(source, tables.get("face", {})),
        _strips(source, tables.get("tristrips", {})),
    ]
    there = [part for part in parts if part is not None]
    return np.concatenate(there) if there else None


def _corners(source: Source, table: Table) -> Column | None:
    column = table.get("vertex_indices", table.get("vertex_index"))
    if column is None or not len(column):
        return None
    if column[0].dtype.kind not in "iu" or column[0].ndim != 1:
        raise source.broken("header", "faces whose corners are not lists of whole numbers")
    return column


def _polygons(source: Source, table: Table) -> Integers | None:
    column = _corners(source, table)
    if column is None:
        return None
    if isinstance(column, np.ndarray):
        shortest = column.shape[1]
    else:
        shortest = min(len(corners) for corners in column)
    if shortest < 3:
        raise source.broken("element `face`", f"a face of {shortest} corners, fewer than three")
    if isinstance(column, np.ndarray):
        return fan(column.astype(np.int64))
    return fans([corners.astype(np.int64).tolist() for corners in column])


def _strips(source: Source, table: Table) -> Integers | None:
    """Each corner of a strip makes a triangle with the two before it; −1 starts another strip."""
    column = _corners(source, table)
    if column is None:
        return None
    line: Integers = np.concatenate([np.append(strip.astype(np.int64), -1) for strip in column])
    triangles = np.stack([line[:-2], line[1:-1], line[2:]], axis=1)
    gap = np.flatnonzero(line < 0)
    place = np.arange(len(line)) - np.append(0, gap + 1)[np.searchsorted(gap, np.arange(len(line)))]
    odd = place[:-2] % 2 == 1
    triangles[odd] = triangles[odd][:, [1, 0, 2]]  # every second one runs the other way round
    whole = (triangles >= 0).all(axis=1)
    proper = np.diff(np.sort(triangles, axis=1), axis=1).min(axis=1, initial=1) > 0
    return np.asarray(triangles[whole & proper])  # corners come twice where strips are joined
