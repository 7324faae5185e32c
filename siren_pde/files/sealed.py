"""Sealed HDF5 files: a text and groups of arrays, read only after their checksum was found right.

The first 512 bytes (HDF5's user block) are a line with the format, a line with the SHA-256 of
everything after them, and zeros; HDF5 follows. The HDF5 library can crash on damaged input, so no
damaged byte reaches it. Links, external and virtual data are refused, so that a file can neither
name other files nor be larger than it is.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import numpy.typing as npt

from siren_pde.errors import StorageError
from siren_pde.files.hdf5 import read_plain_hdf5
from siren_pde.files.json_values import JSON, parsed

FORMATS = {"solution": 4}
"""The format of each kind of file, where it is not 1: it counts up when what is inside changes."""
OLDEST = {"solution": 2}
"""The oldest format of each kind that is still read, where it is not the present one."""
BLOCK = 512
_TITLE = re.compile(rb"siren_pde ([a-z]{1,20}), format (\d{1,9})\nsha256 ([0-9a-f]{64})\n")

Array = npt.NDArray[Any]
Groups = Mapping[str, Mapping[str, Array]]


def pack(about: Mapping[str, object], groups: Groups, kind: str = "solution") -> bytes:
    """The bytes of a file with a description, stored as JSON, and named arrays in named groups.

    `kind` says what the file is, in its first line.

    Raises StorageError if the description is no JSON.
    """
    import h5py

    try:
        text = json.dumps(about, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as cause:
        raise StorageError(f"its description is no JSON: {cause}.") from cause
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=BLOCK) as file:

        def put(group: Any, name: str, values: Array) -> None:
            # HDF5 has checksums for arrays only, not for scalars or arrays without entries.
            group.create_dataset(name, data=values, fletcher32=bool(values.ndim and values.size))

        put(file, "about", texts([text]))
        for title, arrays in groups.items():
            group = file.create_group(title)
            for name, values in arrays.items():
                put(group, quote(name, safe=""), values)
    data = buffer.getvalue()[BLOCK:]
    digest = hashlib.sha256(data).hexdigest()
    title = f"siren_pde {kind}, format {FORMATS.get(kind, 1)}\nsha256 {digest}\n"
    return title.encode().ljust(BLOCK, b"\0") + data


def texts(lines: list[str]) -> Array:
    """UTF-8 strings, padded to the same length, as HDF5 programs in any language read them."""
    import h5py

    encoded = [line.encode() for line in lines]
    longest = max((len(line) for line in encoded), default=1)
    return np.array(encoded, dtype=h5py.string_dtype("utf-8", max(longest, 1)))


def unpack(
    data: bytes, kind: str = "solution"
) -> tuple[dict[str, JSON], dict[str, dict[str, Array]]]:
    """The description and the groups of arrays of a file of this kind.

    Anyone can make a file with a right checksum, so its HDF5 is read by another process.

    Raises StorageError for a foreign or damaged file, or one with another inside.
    """
    _check(data, kind)
    contents = read_plain_hdf5(data)
    groups: dict[str, dict[str, Array]] = {title: {} for title in contents.groups}
    about = contents.arrays.pop("about", np.empty(0))
    for path, values in contents.arrays.items():
        title, _, name = path.partition("/")
        if not name or "/" in name:
            raise StorageError(f"`{path}` is not in a group of arrays. Use another copy.")
        groups[title][unquote(name)] = values
    if about.size != 1 or about.dtype.kind != "S":
        raise StorageError("it has no description in `about`. Use another copy.")
    return parsed(about.item()), groups


def _check(data: bytes, kind: str) -> None:
    title = _TITLE.match(data)
    if title is None or title[1] != kind.encode():
        raise StorageError(f"it is not a {kind} written by `save`.")
    newest = FORMATS.get(kind, 1)
    oldest = OLDEST.get(kind, newest)
    if not oldest <= int(title[2]) <= newest:
        known = f"{oldest} to {newest}" if oldest < newest else f"{newest}"
        raise StorageError(
            f"it has format {int(title[2])}, and this version of siren_pde reads {known}. Use the "
            "version that wrote it."
        )
    right = hashlib.sha256(data[BLOCK:]).hexdigest().encode() == title[3]
    if not right or any(data[title.end() : BLOCK]):
        raise StorageError("it is damaged or truncated: its checksum is wrong. Use another copy.")
