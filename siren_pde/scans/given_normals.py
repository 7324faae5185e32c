"""Normals as a file gives them, against the points, their neighbours and the field they wind."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from siren_pde.errors import ConfigError
from siren_pde.meshes.topology import connected
from siren_pde.scans.consistency import consistent_signs
from siren_pde.scans.normals import estimated, majority, oriented
from siren_pde.scans.patches import Patches
from siren_pde.scans.sheets import NEIGHBOURS, Links, disc_areas, least_spread, nearest, voxels
from siren_pde.scans.trust import CLOSED, NEAR, closed, trust

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Orientation = Literal["auto", "given", "inward"]

ORIENTATIONS: tuple[Orientation, ...] = ("auto", "given", "inward")
_ASKEW, _UNLIKE, _LOST = 0.5, 0.65, 0.25
"""A normal is lost that has a cosine below the first with the plane of its neighbours and below the
second, on average, with their normals. If a quarter are, directions mean nothing: of random ones
four in ten are, of right ones with 30° of noise one in a hundred.
"""
_FEW, _MANY = 0.01, 0.25
"""Shares of points whose neighbours contradict them. Below the first a majority is not enough (at
thin parts, sparsely sampled, right normals have one against them: .4 % of 5,000 points of a camel),
above the second there is none that could be believed.
"""
_MORE = 0.05
"""Share beyond one half of normals that an open surface is turned by, where signs were lost."""
_UNANIMOUS = 0.8
"""Majority that turns a normal all the same; no right one has it against itself."""
_PLACES = 20
"""Voxels along the longest side in which the two sides of something thin are looked for."""
_THIN, _SOME = 0.5, 8
"""How one-sided opposite neighbours must lie to be the other side of something thin, and how many.
"""
_SURE = 0.5
"""Agreement of links that make points one piece."""
_FLAT = 1e-3
"""Heights of neighbours, in their distance, that are rounding."""
_LARGE = 0.01
"""Share of the largest piece's area below which one follows the others."""
_AROUND = 0.8
"""Winding number, but for its sign, of a piece that others are in."""
_CURVED = 0.25
"""Mean winding number along an open surface, but for its sign, that is worth a word. Half-spheres
have .3, five sides of a cube .4.
"""


class Checked(NamedTuple):
    """Unit normals (n, 3), the trust in each (n,), and sentences on what was done, and why."""

    normals: Floats
    trust: Floats
    said: tuple[str, ...] = ()


_OVERRULE = 'Say orientation="given" to keep them as they are.'


def checked(points: Floats, given: Floats, orientation: Orientation = "auto") -> Checked:
    """Given normals (n, 3) as they can be believed, for different points (n, 3) in any unit.

    Directions that have nothing to do with the points are estimated. Signs that contradict those of
    the neighbours are turned one by one where these have a majority, and found anew where they have
    none. Then whatever encloses with a winding number of −1 is turned as a whole: its normals lead
    into a body. Open surfaces stay as they are, and so does a closed one that has others in it, as
    a room has that is scanned from inside. "given" changes nothing, "inward" turns all.

    Raises ConfigError for another orientation.
    """
    known_orientation(orientation)
    if orientation != "auto" or len(points) < 4:
        sign = -1.0 if orientation == "inward" else 1.0
        return Checked(sign * given, np.ones(len(points)))
    points = (points - points.mean(axis=0)) / np.ptp(points, axis=0).max()
    near = nearest(points, min(NEIGHBOURS, len(points) - 1))
    share = _lost(points, given, near)
    if share > _LOST:
        said = (
            f"the directions of {min(2 * share, 1):.0%} of the normals or so have nothing to do "
            f"with the surface: all {len(points)} are estimated instead. {_OVERRULE}"
        )
        return Checked(*estimated(points), (said,))
    return _with_signs(points, given, near)


def known_orientation(name: str) -> Orientation:
    """The orientation of that name. Raises ConfigError if there is none."""
    for each in ORIENTATIONS:
        if each == name:
            return each
    raise ConfigError(
        f"normals have no orientation {name!r}. Write one of {', '.join(ORIENTATIONS)}."
    )


def _with_signs(points: Floats, normals: Floats, near: Integers) -> Checked:
    """The normals with those signs turned that are wrong: one by one, as a whole, in blocks."""
    around, areas = Links.between(points, normals, near), disc_areas(points, near)
    links = _without_thin(points, normals, around)
    votes = links.votes(len(points))
    if float(np.mean(votes < 0)) > _MANY:
        return _found_anew(around, points, normals, areas=areas)
    signs = np.where(votes < -_UNANIMOUS, -1.0, 1.0)
    if np.mean(votes < 0) > _FEW:
        signs = majority(links, signs)
    count, said = int((signs < 0).sum()), []
    if count:
        said.append(
            f"{count} of {len(points)} normals contradict those around them: they are turned. "
            f"{_OVERRULE}"
        )
    patches = Patches.of(points, signs[:, None] * normals, areas, links.signed(signs))
    whole, more = _pieces(patches, links.signed(signs))
    blocks = consistent_signs(patches, whole, given=True)
    count = int((blocks != whole)[patches.label].sum())
    if count:
        more.append(
            f"{count} of {len(points)} normals face the other way than the surface around them "
            f"does: they are turned. {_OVERRULE}"
        )
    signs = signs * blocks[patches.label]
    sure = trust(links.signed(signs), patches, blocks)
    return Checked(signs[:, None] * normals, sure, (*said, *more))


def _found_anew(links: Links, points: Floats, normals: Floats, *, areas: Floats) -> Checked:
    """The normals with signs that do not depend on theirs, unless the surface is open."""
    anew, sure = oriented(links, points, normals, areas=areas)
    same = float(np.mean(np.einsum("ni,ni->n", anew, normals) > 0))
    if same < 0.5 - _MORE:
        turned = np.where(np.einsum("ni,ni->n", anew, normals) < 0, -1.0, 1.0)
        patches = Patches.of(points, anew, areas, links.signed(turned))
        if not closed(patches, patches.winding.sum(axis=1)):
            anew, same = -anew, 1 - same
    said = (
        f"{max(same, 1 - same):.0%} of the normals lead to one side of the surface and the others "
        f"to the other, without order: the signs of all are found anew. {_OVERRULE}"
    )
    return Checked(anew, sure, (said,))


def _lost(points: Floats, normals: Floats, near: Integers) -> float:
    """The share of normals that neither the planes nor the normals of their neighbours support."""
    chosen = np.arange(0, len(points), max(len(points) // 20_000, 1))
    planes = least_spread(points, near, chosen)
    askew = np.abs(np.einsum("ni,ni->n", planes, normals[chosen])) < _ASKEW
    alike = np.abs(np.einsum("ni,nki->nk", normals[chosen], normals[near[chosen]])).mean(axis=1)
    return float(np.mean(askew & (alike < _UNLIKE)))


def _without_thin(points: Floats, normals: Floats, links: Links) -> Links:
    """The links without those between the sides of thin sheets or narrow slits.

    Opposite neighbours there lie behind each other, or in front, all of them in some place; of
    normals flipped at random, as many lie behind.
    """
    opposite = np.flatnonzero(links.agreement < 0)
    start, end = links.start[opposite], links.end[opposite]
    apart = points[end] - points[start]
    apart /= np.maximum(np.linalg.norm(apart, axis=1), 1e-300)[:, None]
    ahead = np.einsum("ij,ij->i", apart, normals[start])
    back = -np.einsum("ij,ij->i", apart, normals[end])
    side = ((ahead > _FLAT) & (back > _FLAT)).astype(int) - ((ahead < -_FLAT) & (back < -_FLAT))
    place = voxels(points, _PLACES)[start]
    balance = np.abs(np.bincount(place, side)) / np.maximum(np.bincount(place), _SOME)
    agreement = links.agreement.copy()
    agreement[opposite[balance[place] > _THIN]] = 0
    return replace(links, agreement=agreement)


def _pieces(patches: Patches, links: Links) -> tuple[Floats, list[str]]:
    """Signs (k,) of patches for the pieces that face the wrong way as a whole, and a word."""
    sure = links.agreement > _SURE
    piece = np.empty(patches.count, dtype=np.int64)
    piece[patches.label] = connected(links.start[sure], links.end[sure], len(patches.label))
    if patches.loose:  # no piece either
        piece[-1] = piece.max() + 1
    piece = np.unique(piece, return_inverse=True)[1].ravel()
    inward, holding, open_inward = _inward(patches, piece)
    said = []
    if inward.any():
        of_points = inward[piece][patches.label]
        which = "all" if of_points.all() else f"{int(of_points.sum())} of {len(of_points)}"
        said.append(
            f"{which} normals lead into the body that their points enclose: they are turned. "
            f"{_OVERRULE}"
        )
    if holding:
        said.append(
            "the normals of a closed surface with others in it lead inside, as in a room: they "
            'stay as they are. For a body with cavities say orientation="inward".'
        )
    elif open_inward:
        said.append(
            "the normals lead to where the open surface curves, as in a room or a bowl: they stay "
            'as they are. For a body with holes say orientation="inward".'
        )
    return np.where(inward[piece], -1.0, 1.0), said


def _inward(patches: Patches, piece: Integers) -> tuple[Flags, bool, bool]:
    """Which pieces (p,) wind −1 around what they enclose; whether some hold others, or are open.

    Small pieces, as there are in narrow slits, follow if all large ones do.
    """
    areas = np.bincount(piece, patches.areas)
    middle = patches.winding.sum(axis=1)
    closed = np.bincount(piece, patches.areas * (np.abs(middle + 0.5) < NEAR)) > CLOSED * areas
    large = areas > _LARGE * areas.max()
    if patches.loose:
        large[piece[-1]] = False
    inward, holding = closed & large, False
    for one in np.flatnonzero(inward):
        within = patches.winding[:, piece == one].sum(axis=1)
        inner = np.bincount(piece, patches.areas * (within < -_AROUND)) > CLOSED * areas
        inner &= large
        inner[one] = False
        if inner.any():
            holding = True
            inward[inner] = inward[one] = False
    if (inward | ~large).all():
        inward[:] = True
    mean = float(middle @ patches.areas / areas.sum())
    return inward, holding, not inward.any() and mean < -_CURVED
