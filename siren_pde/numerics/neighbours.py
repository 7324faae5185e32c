"""The nearest of many points: asked by as many threads as torch may have, and all answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def neighbours(
    tree: cKDTree, x: Floats, count: int = 1, *, eps: float = 0.0
) -> tuple[Floats, Integers]:
    """The distances and numbers of the `count` points in a tree nearest to each x (n, d), nearest
    first, (n, count) each, or (n,) for one; each distance within a factor 1 + `eps` of the least.

    `count` is at most the number of points in the tree.
    """
    distance, number = tree.query(x, k=count, eps=eps, workers=torch.get_num_threads())
    # Where a thread of scipy's cannot start, it leaves its share as it was, and says nothing.
    if number.max(initial=0) >= tree.n:
        distance, number = tree.query(x, k=count, eps=eps)
    return np.asarray(distance), np.asarray(number, dtype=np.int64)
