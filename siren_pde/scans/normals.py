"""Normals for a cloud that has none: a plane through each neighbourhood, signs along a tree."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siren_pde.errors import ConfigError, DomainError, NonFiniteError
from siren_pde.meshes.topology import connected
from siren_pde.scans.consistency import consistent_signs
from siren_pde.scans.orientation import outward
from siren_pde.scans.patches import Patches
from siren_pde.scans.sheets import (
    NEIGHBOURS,
    Links,
    disc_areas,
    least_spread,
    nearest,
    propagated_signs,
    spanning_tree,
)
from siren_pde.scans.trust import trust

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_MAJORITY = 0.3
"""By so much more of the agreement a point's neighbours must be against it to turn its normal."""
_ROUNDS = 10
_ALONE = 0.4
"""Mean agreement with neighbours, of either sign, below which a point is on no sheet with them."""
_CLEAR = 0.5
"""Mean cosine between its normal and theirs where they are one sheet: of two it is smaller."""
_OPEN = 0.25
"""Median of the winding number along a surface, ½ if it is closed, 0 if it is a plane: below, it
says nothing of signs, and turns only what contradicts all around it.
"""


def estimate_normals(points: Tensor | npt.ArrayLike, neighbours: int = NEIGHBOURS) -> Tensor:
    """Unit normals, (n, 3), of the surface that `points` (n, 3) were taken from.

    The normal is the direction in which the `neighbours` nearest points spread least. The signs
    are carried from point to point along a minimum spanning tree of the neighbour graph, which
    crosses sharp edges and steps between sheets last (Hoppe et al. 1992, §3.3). Each connected
    piece is then turned `outward`: so that it encloses a positive volume, or into the cavity that
    it is the wall of. For an open piece that is a guess. Branches that the tree gets wrong are
    turned where the winding number along the surface says so, see `oriented`. Where two sheets are
    nearer to each other than to their own neighbours, points do not determine which is which.

    Repeated points share a normal. The result has the dtype and device of `points`, float64 on
    the CPU for anything but a tensor. Raises
    `DomainError` for another shape, fewer than four different points or points on one line,
    `NonFiniteError` for NaN or infinity, `ConfigError` for fewer than three neighbours.
    """
    if not isinstance(points, Tensor):
        points = torch.from_numpy(np.array(points, dtype=np.float64))
    if points.ndim != 2 or points.shape[1] != 3:
        raise DomainError(
            f"normals need points of shape (n, 3), got {tuple(points.shape)}. Give a row per point."
        )
    if neighbours < 3:
        raise ConfigError(
            f"a plane needs at least 3 neighbours, got neighbours={neighbours}. The default is 16."
        )
    if not torch.isfinite(points).all():
        bad = int((~torch.isfinite(points)).any(dim=1).int().argmax())
        raise NonFiniteError(f"point number {bad} is NaN or infinite. Remove such points.")
    cloud = points.detach().to(device="cpu", dtype=torch.float64).numpy()
    different, copies = np.unique(cloud, axis=0, return_inverse=True)
    _check_spread(different)
    normals = estimated(different, neighbours).normals
    result = torch.from_numpy(normals[copies.reshape(-1)])
    return result.to(dtype=points.dtype, device=points.device)


def _check_spread(points: Floats) -> None:
    spread = np.zeros(3)
    if len(points) >= 4:
        spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if spread[1] <= 1e-9 * spread[0]:
        raise DomainError(
            f"{len(points)} different points that are fewer than four or on one line are no "
            "surface: normals cannot be estimated. Give more points, or give normals."
        )


class Oriented(NamedTuple):
    """Unit normals (n, 3), and how much each can be trusted, (n,) in 0…1."""

    normals: Floats
    trust: Floats


def estimated(
    points: Floats, neighbours: int = NEIGHBOURS, *, near: Integers | None = None
) -> Oriented:
    """Normals of different points (n, 3), in any unit; of a smooth surface they can be trusted.

    `near` (n, neighbours) are the nearest other points, where they are known.
    """
    points = (points - points.mean(axis=0)) / np.ptp(points, axis=0).max()
    near = nearest(points, min(neighbours, len(points) - 1)) if near is None else near
    axes = least_spread(points, near)
    links = Links.between(points, axes, near)
    strength = np.abs(links.agreement).reshape(near.shape).mean(axis=1)
    normals, trust = oriented(links, points, axes, areas=disc_areas(points, near))
    return Oriented(normals, strength * trust)


def oriented(links: Links, points: Floats, axes: Floats, *, areas: Floats) -> Oriented:
    """Normals along `axes` (n, 3) that point out of solids, as far as can be told.

    `links` are those between the points (n, 3) with these axes, of discs of `areas` (n,).
    Their signs are carried along the `spanning_tree`, pieces turned `outward`, and branches of it
    where winding numbers say so, see `consistent_signs`. In the end the neighbours of a point have
    a majority on it.
    """
    tree = spanning_tree(links, len(points))
    piece = connected(tree[0], tree[1], len(points))
    signs = propagated_signs(tree, links, np.unique(piece, return_index=True)[1], len(points))
    signs = signs * outward(points, signs[:, None] * axes, areas, piece)[piece]
    patches = Patches.of(points, signs[:, None] * axes, areas, links.signed(signs))
    blocks = consistent_signs(patches)
    if np.median(patches.winding @ blocks) < _OPEN:
        blocks = consistent_signs(patches, given=True)
    signs = majority(links, signs * blocks[patches.label])
    signs = beside(links, signs, signs[:, None] * axes)
    return Oriented(signs[:, None] * axes, trust(links.signed(signs), patches, blocks))


def beside(links: Links, signs: Floats, normals: Floats) -> Floats:
    """Signs (n,) of which those of points on no sheet, outliers, follow the sheet beside them.

    Links from there lead across planes and say nothing; `normals` (n, 3) have the signs.
    """
    strength = np.bincount(links.start, np.abs(links.agreement), minlength=len(signs))
    alone = strength < _ALONE * np.bincount(links.start, minlength=len(signs))
    told = alone[links.start] & ~alone[links.end]
    start, end = links.start[told], links.end[told]
    cosine = np.einsum("ij,ij->i", normals[start], normals[end])
    votes = np.bincount(start, cosine, minlength=len(signs))
    against = votes < -_CLEAR * np.bincount(start, minlength=len(signs))
    return np.where(against, -signs, signs)


def majority(links: Links, signs: Floats) -> Floats:
    """Signs (n,) that agree with those of most neighbours, as far as a few rounds lead."""
    for _ in range(_ROUNDS):
        against = links.signed(signs).votes(len(signs)) < -_MAJORITY
        if not against.any():
            break
        signs = np.where(against, -signs, signs)
    return signs
