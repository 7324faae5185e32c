"""Arrays that are mostly zero, as the fine grids of splines beside a surface are: without zeros.

Of such an array a file holds the numbers that are not zero in one group, and in another, `nonzero`,
one bit for each entry that says whether it is one of them, eight in a byte, the first one highest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from siren_pde.errors import StorageError
from siren_pde.files.json_values import JSON, Description, wholes
from siren_pde.files.sealed import Array

LARGE = 1 << 14
"""Entries of an array below which its zeros take no room worth a word."""
MOSTLY = 0.5
"""The share of entries that are not zero below which the others are left out."""


@final
@dataclass(frozen=True, eq=False)
class Sparse:
    """Arrays by name: whole ones, or the entries that are not zero of those in `nonzero` and
    `shapes`.
    """

    arrays: dict[str, Array]
    nonzero: dict[str, Array]
    shapes: dict[str, JSON]


def without_zeros(arrays: Mapping[str, Array]) -> Sparse:
    """The same arrays, large ones of floating-point numbers that are mostly zero without zeros."""
    kept, nonzero, shapes = dict(arrays), dict[str, Array](), dict[str, JSON]()
    for name, values in arrays.items():
        if values.dtype.kind == "f" and values.size >= LARGE:
            there = (values != 0) | np.signbit(values)  # −0 is another number
            if np.count_nonzero(there) < MOSTLY * values.size:
                kept[name], nonzero[name] = values[there], np.packbits(there)
                shapes[name] = tuple(values.shape)
    return Sparse(kept, nonzero, shapes)


def with_zeros(
    arrays: Mapping[str, Array], nonzero: Mapping[str, Array], shapes: Description
) -> dict[str, Array]:
    """The arrays that `without_zeros` was given. Raises StorageError where its parts contradict."""
    whole = dict(arrays)
    for name in shapes:
        shape, bits, values = wholes(shapes, name), nonzero.get(name), arrays.get(name)
        count = math.prod(shape)
        if bits is None or values is None or bits.dtype != np.uint8 or bits.ndim != 1:
            raise StorageError(f"`{name}` has no bits that say which of its entries are zero.")
        if min(shape, default=-1) < 0 or len(bits) != -(-count // 8):  # before anything is made
            raise StorageError(f"`{name}` of shape {shape} has {len(bits)} bytes of bits.")
        there = np.unpackbits(bits, count=count).astype(bool).reshape(shape)
        if values.ndim != 1 or values.dtype.kind != "f" or len(values) != np.count_nonzero(there):
            raise StorageError(f"`{name}` has {values.size} entries that are not zero.")
        whole[name] = np.zeros(shape, dtype=values.dtype)
        whole[name][there] = values
    return whole
