"""The field of a march by lines: in each slab one layer of sines in space and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from siren_pde.fields.base import Field, Network
from siren_pde.fields.derived.piecewise import joined
from siren_pde.fields.derived.projected import Projected
from siren_pde.fields.siren import Siren
from siren_pde.numerics.radau import Radau, Sines
from siren_pde.random_features.implicit import Level, Stages
from siren_pde.random_features.stages import Basis
from siren_pde.random_features.waves import Waves, plain

MORE, MORE_ALONE = 2, 6
"""Waves in time beyond those that polynomials have freedoms for, without and with others in space:
so many more lower the error of being no polynomials by a thousand or a million.
"""


@dataclass(frozen=True, eq=False)
class Piece:
    """A slab that is solved: its start and length, the increments (s, Q) of its stages, and the
    coefficients of derivatives at its end.
    """

    basis: Basis
    start: Level
    length: float
    increments: Tensor
    slopes: tuple[Tensor, ...]

    @staticmethod
    def of(basis: Basis, start: Level, length: float, stages: Stages) -> Piece:
        """Of a slab's stages."""
        slopes = tuple(part[-1] for part in stages.parts[1 : len(start.parts)])
        return Piece(basis, start, length, stages.increments, slopes)

    @property
    def end(self) -> float:
        """When it ends."""
        return self.start.time + self.length

    def at(self, radau: Radau, times: Tensor) -> Tensor:
        """The coefficients (k, Q) at times within."""
        shares = (times - self.start.time) / self.length
        return self.start.parts[0] + radau.at(shares) @ self.increments

    def coefficients(self, sines: Sines) -> Tensor:
        """Those (1 + 2 L, Q) of one, sines and cosines in time about the middle of the slab."""
        known = [h * part for h, part in self._scaled(self.start.parts[1:])]
        ends = [h * part for h, part in self._scaled(self.slopes)]
        zero = torch.zeros_like(self.start.parts[0])
        data = torch.stack([zero, *known, *self.increments, *ends])
        c = sines.fit @ data
        c[0] += self.start.parts[0]
        return c

    def _scaled(self, parts: Sequence[Tensor]) -> list[tuple[float, Tensor]]:
        return [(self.length ** (k + 1), part) for k, part in enumerate(parts)]


def field_of(pieces: Sequence[Piece], time: int, radau: Radau) -> Field:
    """The field of all slabs, one after the other."""
    alone = all(waves.count == 1 for waves in pieces[0].basis.waves.values())
    derivatives = len(pieces[0].start.parts) - 1
    least = (radau.stages + 2 * derivatives + 1) // 2
    sines = Sines.of(radau.stages, derivatives, least + (MORE_ALONE if alone else MORE))
    fields = [_field(piece, time, sines) for piece in pieces]
    return joined(time, [piece.end for piece in pieces[:-1]], fields)


def _field(piece: Piece, time: int, sines: Sines) -> Field:
    names = iter(piece.basis.field.networks())
    parts = piece.basis.split(piece.coefficients(sines))

    def change(network: Network) -> Network:
        name = next(names)
        layer = _Layer(piece.basis.waves[name], parts[name], piece, time, sines)
        inner, columns = plain(network)
        made = layer.network(inner, columns)
        return Projected(made, columns, network.inputs) if inner is not network else made

    return piece.basis.field.rebuilt(change)


@final
@dataclass(frozen=True, eq=False)
class _Layer:
    """The products of waves in space and in time, as waves in both: coefficients c are
    (1 + 2 L, outputs, q).
    """

    waves: Waves
    c: Tensor
    piece: Piece
    time: int
    sines: Sines

    def network(self, like: Siren, columns: Sequence[int]) -> Siren:
        """One layer of sines: of each product of two a sum of two."""
        p, count = len(self.waves.vectors), len(self.sines.frequencies)
        own = self.waves.unmixed(self.c)
        one, cosines, sines = own[..., :1], own[..., 1 : 1 + p], own[..., 1 + p :]
        vectors, phases, weights = [], [], []

        def add(k: Tensor, phase: float, weight: Tensor) -> None:
            vectors.append(k)
            phases.append(torch.full((len(k),), phase, dtype=k.dtype))
            weights.append(weight)

        space, quarter = self.waves.vectors, torch.pi / 2
        add(space, quarter, cosines[0])
        add(space, 0.0, sines[0])
        for n, frequency in enumerate(self.sines.frequencies):
            rate = self._along_time(2 * frequency / self.piece.length)
            s, c = 1 + n, 1 + count + n  # the coefficients of sine and cosine in time
            add(rate, 0.0, one[s])
            add(rate, quarter, one[c])
            add(space + rate, quarter, (cosines[c] - sines[s]) / 2)
            add(space + rate, 0.0, (cosines[s] + sines[c]) / 2)
            add(space - rate, quarter, (cosines[c] + sines[s]) / 2)
            add(space - rate, 0.0, (sines[c] - cosines[s]) / 2)
        k = torch.cat(vectors)[:, list(columns)]
        top = k.abs().amax(0)
        top = torch.where(top > 0, top, torch.ones_like(top))
        centre = self.waves.centre.clone()
        centre[self.time] = self.piece.start.time + self.piece.length / 2
        return like.like(
            [k / top, torch.cat(phases), torch.cat(weights, -1), one[0][:, 0]],
            width=len(k),
            depth=1,
            frequency=tuple(top.tolist()),
            centre=tuple(centre[list(columns)].tolist()),
        )

    def _along_time(self, rate: float) -> Tensor:
        k = self.waves.centre.new_zeros((1, len(self.waves.centre)))
        k[:, self.time] = rate
        return k
