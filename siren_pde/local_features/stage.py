"""What derivatives in time are at a stage of an evolution: affine in the unknown itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Alpha, Key
from siren_pde.fields.local_sines import LocalSines
from siren_pde.random_features.waves import terms_of

Parts = Mapping[str, Tensor]
"""θ by network."""


@dataclass(frozen=True, eq=False)
class Stage:
    """The derivative of order k along the axis `time` is factors[k] u + offsets[k]; an offset of
    None is zero.
    """

    time: int
    factors: tuple[float, ...]
    offsets: tuple[Parts | None, ...]

    @staticmethod
    def implicit(time: int, rate: float, known: Sequence[Parts]) -> Stage:
        """Of a step in which u₍ₖ₎ = rate (u₍ₖ₋₁₎ − known[k − 1])."""
        factors, offsets = [1.0], [None]  # type: tuple[list[float], list[Parts | None]]
        for before in known:
            last = offsets[-1]
            factors.append(rate * factors[-1])
            offsets.append(
                {
                    name: -rate * c if last is None else rate * (last[name] - c)
                    for name, c in before.items()
                }
            )
        return Stage(time, tuple(factors), tuple(offsets))

    @staticmethod
    def initial(time: int, below: Sequence[Parts], orders: int) -> Stage:
        """Where the derivative of order len(below) is the unknown, and those `below` are known."""
        k = len(below)
        factors = tuple(float(i == k) for i in range(orders + 1))
        return Stage(time, factors, (*below, *[None] * (orders + 1 - k)))

    def derivatives(self, theta: Tensor, offset_of: Callable[[Parts], Tensor]) -> list[Tensor]:
        """The derivatives of each order where the unknown is θ; `offset_of` makes θ of parts."""
        return [
            f * theta if offset is None else f * theta + offset_of(offset)
            for f, offset in zip(self.factors, self.offsets, strict=True)
        ]

    def waves(self, net: LocalSines, x: Tensor, boxes: Tensor, keys: Sequence[Key]) -> list[Tensor]:
        """The derivatives `keys` of the waves (n, m) at points in boxes."""
        tables = self._tables(net, x, boxes, keys)
        out = []
        for key in keys:
            terms = [(self.factors[k], tables[alpha]) for k, alpha in terms_of(key, self.time)]
            factor, total = terms[0]
            total = total if factor == 1 else factor * total
            for factor, table in terms[1:]:
                total = total + factor * table
            out.append(total)
        return out

    def known(
        self, name: str, net: LocalSines, x: Tensor, boxes: Tensor, keys: Sequence[Key]
    ) -> Sequence[Tensor | float]:
        """What the offsets add to the derivatives `keys` (n, outputs), at points in boxes."""
        terms = [
            (i, offset[name], alpha)
            for i, key in enumerate(keys)
            for k, alpha in terms_of(key, self.time)
            if (offset := self.offsets[k]) is not None
        ]
        out: list[Tensor | float] = [0.0] * len(keys)
        alphas = list(dict.fromkeys(alpha for *_, alpha in terms))
        tables = dict(zip(alphas, net.derivatives(x, boxes, alphas), strict=True)) if alphas else {}
        for i, c, alpha in terms:
            own = net.by_box(c)[boxes]
            out[i] = out[i] + torch.einsum("nom,nm->no", own, tables[alpha])
        return out

    def _tables(
        self, net: LocalSines, x: Tensor, boxes: Tensor, keys: Sequence[Key]
    ) -> dict[Alpha, Tensor]:
        alphas = dict.fromkeys(alpha for key in keys for _, alpha in terms_of(key, self.time))
        return dict(zip(alphas, net.derivatives(x, boxes, list(alphas)), strict=True))
