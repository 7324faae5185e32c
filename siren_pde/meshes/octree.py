"""A box cut into equal cells whose nodes are integers: no node is ever computed twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siren_pde.errors import DomainError
from siren_pde.meshes.cube_cases import CORNERS

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Lattice:
    """`counts` (3,) smallest cells from `low` to `high`; node (i, j, k) is low + cell·(i, j, k).

    A cell of stride s is named by its lower node and spans s smallest cells along each axis, less
    where the box ends. A node's key is (i (nⱼ + 1) + j) (nₖ + 1) + k.
    """

    low: Floats
    high: Floats
    counts: Integers

    @classmethod
    def between(cls, low: npt.ArrayLike, high: npt.ArrayLike, resolution: int) -> Lattice:
        """`resolution` cells along the longest side of the box, cells as cubic as fits it."""
        low, high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        if low.shape != (3,) or high.shape != (3,):
            raise DomainError(
                "a surface lives in a box of three dimensions: `low` and `high` need shape (3,), "
                f"got {low.shape} and {high.shape}."
            )
        if not (np.isfinite(low).all() and np.isfinite(high).all() and (low < high).all()):
            raise DomainError(
                "the box of a surface needs finite low < high on every axis, got "
                f"low={low.tolist()}, high={high.tolist()}."
            )
        sides = high - low
        return cls(low, high, np.ceil(sides / sides.max() * resolution - 1e-9).astype(np.int64))

    @property
    def cell(self) -> Floats:
        """The sides of a smallest cell, (3,)."""
        return (self.high - self.low) / self.counts

    @property
    def key_steps(self) -> Integers:
        """What moving one node along each axis adds to its key, (3,)."""
        nodes = self.counts + 1
        return np.array([nodes[1] * nodes[2], nodes[2], 1], dtype=np.int64)

    def keys(self, nodes: Integers) -> Integers:
        """The keys of nodes (..., 3)."""
        return nodes @ self.key_steps

    def nodes(self, keys: Integers) -> Integers:
        """The nodes with these keys, (n, 3)."""
        return np.stack(np.unravel_index(keys, tuple(self.counts + 1)), axis=1)

    def positions(self, keys: Integers) -> Floats:
        """Where the nodes with these keys are, (n, 3)."""
        return np.minimum(self.low + self.cell * self.nodes(keys), self.high)

    def lengths(self, cells: Integers, stride: int) -> Floats:
        """The sides of cells, (m, 3), shorter than the stride where the box ends."""
        return self.cell * (np.minimum(cells + stride, self.counts) - cells)

    def all_cells(self, stride: int) -> Integers:
        """Every cell of a stride, (m, 3)."""
        starts = [np.arange(0, count, stride) for count in self.counts]
        return np.stack(np.meshgrid(*starts, indexing="ij"), axis=-1).reshape(-1, 3)

    def corner_keys(self, cells: Integers, stride: int) -> Integers:
        """The keys of the eight corners of cells, (m, 8)."""
        return self._keys_of_nodes(cells, stride, 2)

    def block_keys(self, cells: Integers, half: int) -> Integers:
        """The keys of the 3³ corners of the halves of cells, (m, 27)."""
        return self._keys_of_nodes(cells, half, 3)

    def _keys_of_nodes(self, cells: Integers, stride: int, along: int) -> Integers:
        steps = stride * np.arange(along)
        i, j, k = (
            key_step * np.minimum(cells[:, axis, None] + steps, self.counts[axis])
            for axis, key_step in enumerate(self.key_steps)
        )
        keys = k[:, :, None, None] + j[:, None, :, None] + i[:, None, None, :]
        return np.asarray(keys.reshape(len(cells), along**3))

    def halves(self, cells: Integers, half: int) -> Integers:
        """The cells of stride `half` inside cells of twice that stride, (m', 3)."""
        parts = (cells[:, None] + half * CORNERS).reshape(-1, 3)
        return parts[(parts < self.counts).all(axis=1)]


def distinct(keys: Integers) -> Integers:
    """The different keys among `keys` of any shape, sorted (sorting beats hashing here)."""
    ordered = np.sort(keys, axis=None)
    return ordered[np.diff(ordered, prepend=-1) > 0]


def among(keys: Integers, others: Integers) -> npt.NDArray[np.bool_]:
    """Which of `keys` (n,) occur in the sorted keys `others`."""
    if not len(others):
        return np.zeros(len(keys), dtype=bool)
    place = np.minimum(np.searchsorted(others, keys), len(others) - 1)
    return np.asarray(others[place] == keys)


@dataclass(frozen=True, eq=False)
class Nodes:
    """Values at nodes, by sorted key."""

    keys: Integers
    values: Floats

    def at(self, keys: Integers) -> Floats:
        """The values at keys all of which are here, of the same shape."""
        return self.values[np.searchsorted(self.keys, keys)]

    def missing(self, keys: Integers) -> Integers:
        """Those of the sorted `keys` that are not here."""
        return keys[~among(keys, self.keys)]

    def merged(self, keys: Integers, values: Floats) -> Nodes:
        """With further keys and their values."""
        places = np.searchsorted(self.keys, keys)
        return Nodes(np.insert(self.keys, places, keys), np.insert(self.values, places, values))
