"""One layer of sines in closed form: a derivative multiplies each wave by its symbol.

With z = K x̂ + b and slopes k = ∂z/∂x of a neuron, ∂^α sin z = Π k_i^{α_i} · sin⁽|α|⁾ z. So all
channels of all neurons are the two arrays sin z and cos z (n, h) and a table of symbols (S, h), and
what a residual makes of them is two thin matrix products: nothing of size S · n · h ever exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from siren_pde.derivatives import Key, Laplace
from siren_pde.fields.plan import Plan


def _symbol(slopes: Tensor, key: Key) -> tuple[Tensor, int]:
    """∂^key sin z over the wave it multiplies: (h,) with its sign, and 1 for cos z, 0 for sin z."""
    if isinstance(key, Laplace):
        return -slopes[:, list(key.axes)].square().sum(1), 0
    sign = -1.0 if len(key) % 4 in (2, 3) else 1.0
    return sign * slopes[:, list(key)].prod(1), len(key) % 2


@dataclass(frozen=True)
class Waves:
    """sin z and cos z, each (n, h), and the slopes (h, d) of the phases z by the coordinates."""

    sine: Tensor
    cosine: Tensor
    slopes: Tensor
    plan: Plan

    @staticmethod
    def of(z: Tensor, slopes: Tensor, plan: Plan) -> Waves:
        """The waves of the phases z (n, h)."""
        return Waves(torch.sin(z), torch.cos(z), slopes, plan)

    @cached_property
    def _halves(self) -> list[tuple[Tensor, list[int], Tensor]]:
        """For sin and cos: the wave (n, h), the channels it serves, and their symbols (k, h)."""
        found = [_symbol(self.slopes, key) for key in self.plan.keys]
        halves = []
        for parity, wave in enumerate((self.sine, self.cosine)):
            served = [i for i, (_, odd) in enumerate(found) if odd == parity]
            if served:
                halves.append((wave, served, torch.stack([found[i][0] for i in served])))
        return halves

    def channels(self, weight: Tensor, bias: Tensor) -> Tensor:
        """The channels (S, n, outputs) under an output layer, weight (outputs, h)."""
        outputs, h = weight.shape
        out = self.sine.new_empty((len(self.plan.keys), len(self.sine), outputs))
        for wave, served, symbols in self._halves:
            combined = (symbols[:, None] * weight).view(-1, h)
            found = (wave @ combined.T).view(-1, len(served), outputs)
            out[served] = found.transpose(0, 1)
        out[0] += bias
        return out

    def rows(self, seeds: Tensor) -> Tensor:
        """Σ seeds · channels of every wave (n, h), for seeds (S, n) of one output."""
        (wave, served, symbols), *rest = self._halves
        out = (seeds[served].T @ symbols).mul_(wave)
        for wave, served, symbols in rest:
            out.addcmul_(wave, seeds[served].T @ symbols)
        return out
