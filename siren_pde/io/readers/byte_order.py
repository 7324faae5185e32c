"""Whether numbers were written in the byte order that their file declares."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from siren_pde.io.readers.source import Source

SAMPLE = 4096
"""Entries of a column that are looked at."""
DISTINCT = 12
"""Different numbers that it takes to tell: of few ones, either order may make sense by chance, and
four points in space have as many.
"""
SPREAD = 30.0
"""Binary exponents apart from the median beyond which an entry is strange: measurements of one
thing hardly span 2³⁰, while swapped bytes spread exponents evenly over all that the type has.
"""
SIZES = (1e-30, 1e30)
"""Between these are the sizes of coordinates, in any unit."""
MANY, FEW = 0.25, 0.05
"""The share of strange entries in the declared order, and in the other one, that tell a mistake:
right coordinates in single precision have at most a few near zero, swapped ones three in four.
"""


def require_declared_order(
    source: Source, where: str, columns: Sequence[npt.NDArray[np.generic]]
) -> None:
    """Refuse numbers that make no sense in the order declared, but do in the other one."""
    for kind in {column.dtype for column in columns}:
        same = [column.ravel() for column in columns if column.dtype == kind]
        some = np.concatenate([column[:: max(column.size // SAMPLE, 1)] for column in same])
        some = some.astype(kind)  # concatenating makes them native
        if kind.itemsize == 1 or kind.kind not in "fiu" or len(np.unique(some)) < DISTINCT:
            continue
        other = some.view(kind.newbyteorder())
        if _strange(some) > MANY and _strange(other) < FEW:
            orders = ("big", "little") if _is_big(kind) else ("little", "big")
            raise source.broken(
                where,
                f"numbers such as {some[np.abs(some) > 0][:1].tolist()}, which make no sense as "
                f"{orders[0]}-endian ones, but do as {orders[1]}-endian ones",
                f"Declare the order `{orders[1]}`, if that is how the file was written.",
            )


def _is_big(kind: np.dtype[np.generic]) -> bool:
    return kind.isnative != (sys.byteorder == "little")


def _strange(column: npt.NDArray[np.generic]) -> float:
    """The share of entries, zeros left out, that no column of coordinates has."""
    with np.errstate(all="ignore"):
        size = np.abs(column.astype(np.float64))
    size = size[~np.equal(size, 0)]
    if not size.size:
        return 0.0
    if column.dtype.kind in "iu":  # the highest byte is needed where the order is wrong
        return float((size >= 256.0 ** (column.dtype.itemsize - 1) / 2).mean())
    finite = np.isfinite(size) & (size > SIZES[0]) & (size < SIZES[1])
    if not finite.any():
        return 1.0
    exponents = np.log2(size[finite])
    far = np.abs(exponents - np.median(exponents)) > SPREAD
    return float(1 - (finite.sum() - far.sum()) / size.size)
