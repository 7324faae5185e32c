"""Where faces of a noisy scan meet: points and vertices of meshes, on one face or on both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from siren_pde.numerics.neighbours import neighbours

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_BESIDE = 24
"""Neighbours whose normals tell whether a point is on a plain face."""
_PLAIN = 0.12
"""Standard deviation of these normals on a plain face: creases blur more, curved faces less."""
_WITHIN = 450
"""A disc of so many points shows the faces beside a place. Normals are biased as far from a crease
as patches and filters reach, which is half of its radius.
"""
_ASKED = 64
"""So many points of it are asked: smooth points repeat what their neighbours say."""
_WIDTH, _FARTHEST = 1.0, 1.2
"""The width of the weights, and how far they reach, in radii of the disc."""
_STEADY = 0.01
"""Points count by the inverse square of the spread of normals around them, and of this."""
_ZONE = 0.33
"""Radii of the disc from points that are on no plain face, within which points are moved."""
FACES = 3
"""Faces that meet, at most."""
_ROUNDS = 3
"""Of dividing points among faces."""
_OWN = np.cos(np.deg2rad(40))
"""Points whose normals differ by more from a face's are not on it."""
_ANGLE, _CORNER = np.cos(np.deg2rad(30)), np.cos(np.deg2rad(50))
"""Faces that differ by less are one; a third one by more, or a curved face would be two."""
_SHARE = 0.08
"""Of the weights, less is no face."""
_BENT = 0.1
"""Faces whose normals turn more across the crease between them are one round edge."""
_BACK = -0.8
"""Points with normals against those of the nearest face are of another sheet."""
_STEPS = 4
"""Projections on to what is the surface, which end on the crease where planes take turns."""
SCALES = (1.0, 0.6, 0.36)
"""Radii of discs that are looked at, one after the other, in that of the largest."""
_WITNESSES, _WORSE = 128, (1.3, 1.3, 1.4)
"""So many points beside a place say whether its edge is sharp: their squared distances from faces
may be so many times those from the surface that was fitted to them, by the disc.
"""
_FAR = 1.0
"""No crease is rounded off by more, in standard deviations of the noise."""
_AT_ONCE = 4000


def sharpened(noisy: Floats, x: Floats, normals: Floats) -> tuple[Floats, Floats]:
    """Points x (n, 3) with unit normals (n, 3) on the faces beside creases, and the normals there.

    Smoothing rounds creases off, and normals turn gradually there. Farther away both are right:
    from there, faces are continued, and each point is put on the one that is the surface where it
    is. That is kept where the `noisy` points (n, 3) are no farther from these faces than from the
    rounded surface: where an edge is round, they are. Then faces are looked for less far away.
    """
    plain, above = Plain(x, normals), noisy - x
    smooth, turned = x.copy(), normals.copy()
    left = np.ones(len(x), dtype=bool)
    for scale, worse in zip(SCALES, _WORSE, strict=True):
        zone = plain.zone(x, scale)
        zone = zone[left[zone]]
        if len(zone) < _WITNESSES:
            break
        faces = plain.faces(x[zone], scale)
        chosen = np.flatnonzero(faces.count > 1)
        zone, faces = zone[chosen], faces.part(chosen)
        if len(zone) < _WITNESSES:
            break  # what is round on large discs is so on smaller ones
        sharp = faces.at(above[zone]).surface()[0] ** 2
        blunt = _dot(above[zone], normals[zone]) ** 2
        near = neighbours(cKDTree(x[zone]), x[zone], _WITNESSES)[1]
        kept = sharp[near].mean(1) < worse * blunt[near].mean(1)
        steps, own = faces.projected()
        kept &= _dot(steps, steps) < _FAR**2 * blunt.mean()
        smooth[zone[kept]] = x[zone[kept]] + steps[kept]
        turned[zone[kept]] = own[kept]
        left[zone[kept]] = False
    return smooth, turned


@final
@dataclass(frozen=True)
class Faces:
    """Up to three faces beside places (m,): their unit normals (m, 3, 3), how high the places are
    above each (m, 3), where they are seen from the places (m, 3, 3), and which there are (m, 3).
    """

    normals: Floats
    heights: Floats
    middles: Floats
    real: Flags

    @staticmethod
    def beside(offsets: Floats, normals: Floats, seen: Floats, steady: Floats) -> Faces:
        """From neighbours of each place: offsets to them (m, k, 3), unit normals, two weights
        (m, k): how much of what is `seen` they are, and how `steady` their normals are.

        Between a neighbour and the place a face rises by what both normals say on average, so it
        may be curved along the crease.
        """
        centres, member = _divided(normals, seen * steady)
        total = (member * seen[:, :, None]).sum(1)
        real = total > _SHARE * seen.sum(1)[:, None]
        for a, b, alike in ((0, 1, _ANGLE), (0, 2, _CORNER), (1, 2, _CORNER)):
            same = real[:, a] & real[:, b] & (_dot(centres[:, a], centres[:, b]) > alike)
            less = total[:, a] < total[:, b]
            real[:, a] &= ~(same & less)
            real[:, b] &= ~(same & ~less)
        shares = member * (seen * steady)[:, :, None]
        for a, b in ((0, 1), (0, 2), (1, 2)):
            bent = (
                real[:, a]
                & real[:, b]
                & (_bend(centres[:, [a, b]], normals, shares[:, :, [a, b]]) > _BENT)
            )
            real[bent] = False
        along = np.einsum("mkd,mkd->mk", offsets, normals)[:, :, None]
        along = along + np.einsum("mkd,mgd->mkg", offsets, centres)
        cosine = np.einsum("mkd,mgd->mkg", normals, centres)
        total = np.maximum(shares.sum(1), 1e-30)
        heights = -(shares * along / np.maximum(1 + cosine, 0.2)).sum(1) / total
        middles = np.einsum("mkg,mkd->mgd", shares, offsets) / total[:, :, None]
        return Faces(centres, heights, middles, real)

    @staticmethod
    def joined(parts: list[Faces]) -> Faces:
        """The faces beside places that came in parts."""
        return Faces(
            np.concatenate([part.normals for part in parts]),
            np.concatenate([part.heights for part in parts]),
            np.concatenate([part.middles for part in parts]),
            np.concatenate([part.real for part in parts]),
        )

    def at(self, steps: Floats) -> Faces:
        """The same faces seen from places that are so far (m, 3) from where they were."""
        rise = np.einsum("mgd,md->mg", self.normals, steps)
        return Faces(self.normals, self.heights + rise, self.middles - steps[:, None], self.real)

    def part(self, chosen: Integers) -> Faces:
        """The faces at chosen ones of the places."""
        return Faces(
            self.normals[chosen], self.heights[chosen], self.middles[chosen], self.real[chosen]
        )

    @property
    def count(self) -> Integers:
        """How many faces there are at each place, (m,)."""
        return np.asarray(self.real.sum(1))

    def surface(self) -> tuple[Floats, Floats]:
        """How high places are above the face that is the surface there (m,), its normals (m, 3)."""
        rows, number = np.arange(len(self.heights)), self._active()
        return self.heights[rows, number], self.normals[rows, number]

    def projected(self) -> tuple[Floats, Floats]:
        """Steps (m, 3) from the places to the surface, and its normals (m, 3) there."""
        faces, steps = self, np.zeros(self.heights.shape)
        for _ in range(_STEPS):
            height, normals = faces.surface()
            steps = steps - height[:, None] * normals
            faces = self.at(steps)
        return steps, faces.surface()[1]

    def _active(self) -> Integers:
        """The number of the face that is the surface at each place, (m,).

        Where two meet in an edge, the body is below both planes: the higher place counts; in a
        groove, the lower one. Of three, two make an edge, or a groove, that the third cuts or
        fills.
        """
        edges = {pair: self._is_edge(*pair) for pair in ((0, 1), (0, 2), (1, 2))}
        number = np.where(self.real[:, 0], 0, np.where(self.real[:, 1], 1, 2))
        for (a, b), edge in edges.items():
            both = self.real[:, a] & self.real[:, b]
            number = np.where(both, self._chosen(a, b, edge), number)
        usual = np.stack(list(edges.values())).sum(0) >= 2
        corner = self._chosen(self._chosen(0, 1, edges[0, 1]), 2, usual)
        for third, pair in ((1, (0, 2)), (0, (1, 2))):
            odd = self._chosen(self._chosen(*pair, edges[pair]), third, usual)
            corner = np.where(edges[pair] != usual, odd, corner)
        return np.where(self.real.all(1), corner, number)

    def _is_edge(self, a: int, b: int) -> Flags:
        """Whether two faces are below each other's planes, (m,)."""
        over = self.heights[:, a] + _dot(self.normals[:, a], self.middles[:, b])
        return np.asarray(
            over + self.heights[:, b] + _dot(self.normals[:, b], self.middles[:, a]) < 0
        )

    def _chosen(self, a: int | Integers, b: int, edge: Flags) -> Integers:
        """The numbers of the higher ones of two faces where they make an edge, else the lower."""
        higher = self.heights[np.arange(len(self.heights)), a] >= self.heights[:, b]
        return np.where(higher == edge, a, b)


def _bend(centres: Floats, normals: Floats, shares: Floats) -> Floats:
    """How much normals (m, k, 3) of two faces (m, 2, 3) turn across the crease between these, (m,).

    Those of a hole turn along its rim, those of a round edge across it. Root mean squares.
    """
    along = np.cross(centres[:, 0], centres[:, 1])
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-30)
    turns = np.einsum("mkd,mgd->mkg", normals, np.cross(along[:, None], centres)) ** 2
    mean = (shares * turns).sum(1) / np.maximum(shares.sum(1), 1e-30)
    return np.asarray(np.sqrt(mean.max(1)))


def _divided(normals: Floats, weights: Floats) -> tuple[Floats, Flags]:
    """Normals of three groups (m, 3, 3), and which are the members (m, k, 3) of each.

    The first group is around the normal of the nearest neighbour, the others around those that are
    least like what there is; then each is the mean of its members (Lloyd 1982).
    """
    rows = np.arange(len(normals))
    centres = normals[:, :1]
    cosine = _dot(normals, centres)
    against = cosine < _BACK
    for _ in range(FACES - 1):
        least = normals[rows, np.where(against, 2.0, cosine).argmin(1)][:, None]
        centres = np.concatenate([centres, least], 1)
        unlike = _dot(normals, least)
        against |= unlike < _BACK
        cosine = np.maximum(cosine, unlike)
    for _ in range(_ROUNDS):
        cosines = np.einsum("mkd,mgd->mkg", normals, centres)
        own = (cosines.max(2) > _OWN) & ~against
        member = (cosines.argmax(2)[:, :, None] == np.arange(FACES)) & own[:, :, None]
        mean = np.einsum("mkg,mkd->mgd", member * weights[:, :, None], normals) + 1e-12 * centres
        centres = mean / np.maximum(np.linalg.norm(mean, axis=2, keepdims=True), 1e-30)
    return centres, member


@final
class Plain:
    """Points of plain faces among x (n, 3) with unit normals (n, 3), by which creases are told."""

    def __init__(self, x: Floats, normals: Floats) -> None:
        tree, k = cKDTree(x), min(_BESIDE, len(x))
        far, spread = np.empty((2, len(x)))
        for part in np.array_split(np.asarray(tree.indices), -(-len(x) // _AT_ONCE)):
            reach, near = neighbours(tree, x[part], k)
            mean = normals[near].mean(1)
            spread[part] = np.sqrt(np.maximum(1 - _dot(mean, mean), 0))
            far[part] = reach[:, -1]
        self.radius = float(np.median(far)) * np.sqrt(_WITHIN / k)
        plain = np.asarray(tree.indices)[spread[tree.indices] < _PLAIN]
        self.rough, self.spread = x[spread >= _PLAIN], spread[plain]
        self.positions, self.normals = x[plain], normals[plain]

    def zone(self, x: Floats, scale: float = 1.0) -> Integers:
        """The numbers of those of x (n, 3) that are so near to a crease that it matters."""
        if not len(self.rough) or len(self.positions) < _ASKED:
            return np.zeros(0, dtype=np.int64)
        reach = _ZONE * scale * self.radius
        far = cKDTree(self.rough).query(x, distance_upper_bound=reach)[0]
        return np.flatnonzero(np.isfinite(far))

    def faces(self, x: Floats, scale: float = 1.0) -> Faces:
        """The faces beside x (n, 3), in parts; within so much of the radius."""
        some = slice(None, None, max(int(scale**2 * _WITHIN / _ASKED), 1))
        positions, normals, spread = self.positions[some], self.normals[some], self.spread[some]
        k, answers = min(_ASKED, len(positions)), []
        tree = cKDTree(positions)
        for part in np.array_split(x, max(-(-len(x) // _AT_ONCE), 1)):
            far, near = (a.reshape(len(part), k) for a in neighbours(tree, part, k))
            far = far / (scale * self.radius)
            seen = np.exp(-((far / _WIDTH) ** 2)) * (far < _FARTHEST)
            steady = 1 / (_STEADY**2 + spread[near] ** 2)
            offsets = positions[near] - part[:, None]
            answers.append(Faces.beside(offsets, normals[near], seen, steady))
        return Faces.joined(answers)


def _dot(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.einsum("...d,...d->...", a, b))
