"""Signs of normals such that the winding number is ½ all over the surface, in whole branches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from siren_pde.meshes.topology import connected
from siren_pde.scans.patches import Patches
from siren_pde.scans.sheets import descent

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_WEIGHT = 1.0
"""Of links that contradict each other beside errors of the winding number. Measured without normals
by benchmarks/sdf.py, on five meshes at 5,000 and 20,000 points: .3 and 1 are best.
"""
_SMOOTH = 0.3
"""Mean agreement of links through which no surface is torn, whatever the winding number says."""
_TORN = 0.5
"""Mean disagreement of links all around a part of given normals that face the wrong way."""
_NECK = 6.0
"""So few links for the root of the points beyond them are no part of a sheet, of which there are
thirty: it is where two bodies touch.
"""
_OVER = 0.5
"""What a winding number above ½ counts beside one below: bodies may reach into each other."""
_FLIPS = 300
"""Branches that are turned, at most."""


def consistent_signs(
    patches: Patches, start: Floats | None = None, *, given: bool = False
) -> Floats:
    """Signs (k,) of patches by which branches of their tree are turned as long as that is better.

    Along the surface of solids, the mean of the winding numbers above and below is ½ (Gauss's
    lemma; Lu et al., parametric Gauss reconstruction, 2019): to that the signs of patches are
    fitted. A spanning tree gets whole branches wrong that it enters through another sheet, so that
    branches of a tree of patches, and single ones, are what is turned. None is where links through
    which the surface is smooth would be torn, unless they are few: that an open surface has other
    winding numbers is no reason. Of normals that are `given`, only those are turned that contradict
    all around them.

    The signs (k,) to `start` from are +1 if there are none.
    """
    k = patches.count
    weight = (patches.areas / patches.areas.sum()).astype(np.float32)
    signs = (np.ones(k) if start is None else start).astype(np.float32)
    bonds, links = patches.bonds.astype(np.float32), patches.links.astype(np.float32)
    per_link = _WEIGHT / patches.linked
    winding = patches.winding @ signs
    members = _branches(patches, _error(winding))  # (k, 2 k)
    crossing = np.rint(_across(links, members))
    necks = crossing < _NECK * np.sqrt(np.bincount(patches.label) @ members)
    turning = (patches.winding * signs) @ members
    for _ in range(_FLIPS):
        agreeing = _across(bonds.multiply(signs).multiply(signs[:, None]).tocsr(), members)
        now = float(_error(winding) @ weight)
        then = weight @ _error(winding[:, None] - 2 * turning) + per_link * agreeing
        allowed = agreeing < (-_TORN if given else _SMOOTH) * crossing
        allowed |= necks & (not given)
        whole = crossing == 0
        then[np.where(whole, given, ~allowed)] = np.inf
        best = int(then.argmin())
        if then[best] > now - 1e-6:
            break
        moved = members[:, best] > 0
        change = (patches.winding[:, moved] * signs[moved]) @ members[moved]
        turning -= 2 * change
        signs[moved] *= -1
        winding = patches.winding @ signs
    return signs.astype(np.float64)


def _error(winding: npt.NDArray[np.floating]) -> Singles:
    under = 0.5 - winding
    return np.asarray(np.where(under > 0, under, _OVER * under) ** 2)


def _branches(patches: Patches, error: Singles) -> Singles:
    """Sets of patches as columns of zeros and ones: the branch under each patch, and each alone.

    At the root of each tree is what has the smallest error, so that it need not be turned.
    """
    from scipy.sparse.csgraph import minimum_spanning_tree

    k, weights = patches.count, patches.bonds.copy()
    weights.data = 1 / (1e-3 + np.abs(weights.data)) + (weights.data < 0) * 1e4
    tree = minimum_spanning_tree(weights).tocoo()
    edges = np.stack([tree.row, tree.col]).astype(np.int64)
    piece, order = connected(edges[0], edges[1], k), np.argsort(error, kind="stable")
    roots = order[np.unique(piece[order], return_index=True)[1]]
    order, before = descent(edges, roots, k)
    under = np.eye(k + 1, dtype=np.float32)
    for node in order[:0:-1]:
        under[before[node]] += under[node]
    alone = np.eye(k, dtype=np.float32)
    return np.ascontiguousarray(np.concatenate([under[:k, :k], alone]).T)


def _across(matrix: csr_array, members: Singles) -> Singles:
    """The sum of a symmetric sparse matrix (k, k) over pairs of which one is in each set."""
    total = np.asarray(matrix.sum(axis=1)).ravel() @ members
    return np.asarray(total - ((matrix @ members) * members).sum(axis=0))
