"""VTK's XML files by hand: arrays as raw appended data, which ParaView and VTK read.

Source: VTK file formats, https://docs.vtk.org/en/latest/vtk_file_formats, with
`header_type="UInt64"`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

TYPES = {"f4": "Float32", "f8": "Float64", "i4": "Int32", "i8": "Int64", "u1": "UInt8"}
"""The names of number types, by those of NumPy."""


@dataclass
class Appended:
    """Arrays gathered for the end of a file, and the elements that point to them."""

    blocks: list[bytes] = field(default_factory=list)
    size: int = 0

    def element(self, name: str, values: Array, **attributes: object) -> str:
        """A `DataArray` element for values (n,) or (n, k), which are appended."""
        kind = values.dtype.newbyteorder("<")
        data = np.ascontiguousarray(values, dtype=kind).tobytes()
        if values.ndim == 2:
            attributes = {"NumberOfComponents": values.shape[1], **attributes}
        said = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items())
        text = (
            f'<DataArray type="{TYPES[kind.str[1:]]}" Name={quoteattr(name)}{said} '
            f'format="appended" offset="{self.size}"/>'
        )
        self.blocks.append(len(data).to_bytes(8, "little") + data)
        self.size += 8 + len(data)
        return text

    def elements(self, arrays: Mapping[str, Array]) -> list[str]:
        """One element for each array."""
        return [self.element(name, values) for name, values in arrays.items()]


def document(kind: str, lines: Sequence[str], appended: Appended | None = None) -> bytes:
    """A file of this kind: the lines of its element, then what was appended."""
    head = [
        '<?xml version="1.0"?>',
        f'<VTKFile type="{kind}" version="1.0" byte_order="LittleEndian" header_type="UInt64">',
        *lines,
    ]
    if appended is None:
        return "\n".join([*head, "</VTKFile>", ""]).encode()
    front = "\n".join([*head, '<AppendedData encoding="raw">', "_"]).encode()
    return front + b"".join(appended.blocks) + b"\n</AppendedData>\n</VTKFile>\n"


def image(
    low: Sequence[float],
    spacing: Sequence[float],
    counts: Sequence[int],
    arrays: Mapping[str, Array],
    constants: Mapping[str, Array] | None = None,
) -> bytes:
    """Image data: arrays (n, …), x fastest, on a regular grid of counts (3,) points from `low`."""
    extent = " ".join(f"0 {count - 1}" for count in counts)
    place = f'Origin="{_numbers(low)}" Spacing="{_numbers(spacing)}"'
    appended = Appended()
    lines = [
        f'<ImageData WholeExtent="{extent}" {place}>',
        *field_data(appended, constants or {}),
        f'<Piece Extent="{extent}">',
        *_point_data(appended, arrays),
        "</Piece>",
        "</ImageData>",
    ]
    return document("ImageData", lines, appended)


def structured(
    points: Array,
    counts: Sequence[int],
    arrays: Mapping[str, Array],
    constants: Mapping[str, Array] | None = None,
) -> bytes:
    """A structured grid: points (n, 3) and arrays (n, …), x fastest, of counts (3,) points."""
    extent = " ".join(f"0 {count - 1}" for count in counts)
    appended = Appended()
    lines = [
        f'<StructuredGrid WholeExtent="{extent}">',
        *field_data(appended, constants or {}),
        f'<Piece Extent="{extent}">',
        *_point_data(appended, arrays),
        "<Points>",
        appended.element("Points", points),
        "</Points>",
        "</Piece>",
        "</StructuredGrid>",
    ]
    return document("StructuredGrid", lines, appended)


def unstructured(
    points: Array,
    cells: Sequence[tuple[int, Array]],
    arrays: Mapping[str, Array],
    constants: Mapping[str, Array] | None = None,
) -> bytes:
    """Cells between points (n, 3): pairs of VTK's type and corners (m, k), and arrays (n, …)."""
    corners = [block.ravel() for _, block in cells]
    sizes = [np.full(len(block), block.shape[1]) for _, block in cells]
    kinds = [np.full(len(block), kind) for kind, block in cells]
    appended, count = Appended(), sum(map(len, sizes))
    lines = [
        "<UnstructuredGrid>",
        *field_data(appended, constants or {}),
        f'<Piece NumberOfPoints="{len(points)}" NumberOfCells="{count}">',
        *_point_data(appended, arrays),
        "<Points>",
        appended.element("Points", points),
        "</Points>",
        "<Cells>",
        appended.element("connectivity", _joined(corners, np.int64)),
        appended.element("offsets", _joined(sizes, np.int64).cumsum()),
        appended.element("types", _joined(kinds, np.uint8)),
        "</Cells>",
        "</Piece>",
        "</UnstructuredGrid>",
    ]
    return document("UnstructuredGrid", lines, appended)


def collection(files: Sequence[tuple[float, str]]) -> bytes:
    """A series in time, for ParaView: pairs of an instant and the name of its file."""
    sets = [
        f'<DataSet timestep="{time!r}" part="0" file={quoteattr(name)}/>' for time, name in files
    ]
    return document("Collection", ["<Collection>", *sets, "</Collection>"])


def field_data(appended: Appended, constants: Mapping[str, Array]) -> list[str]:
    """The element of numbers that belong to no point, if there are any."""
    if not constants:
        return []
    each = [appended.element(n, v, NumberOfTuples=len(v)) for n, v in constants.items()]
    return ["<FieldData>", *each, "</FieldData>"]


def _point_data(appended: Appended, arrays: Mapping[str, Array]) -> list[str]:
    scalars = next((name for name, values in arrays.items() if values.ndim == 1), None)
    shown = "" if scalars is None else f" Scalars={quoteattr(scalars)}"
    return [f"<PointData{shown}>", *appended.elements(arrays), "</PointData>"]


def _joined(blocks: Sequence[Array], kind: type) -> Array:
    return np.concatenate(blocks).astype(kind) if blocks else np.empty(0, dtype=kind)


def _numbers(values: Sequence[float]) -> str:
    return " ".join(repr(float(value)) for value in values)
