"""One layer of sines in closed form: a derivative multiplies each wave by its symbol.

With z = K x̂ + b and slopes k = ∂z/∂x of a neuron, ∂^α sin z = Π k_i^{α_i} · sin⁽|α|⁾ z. So all
channels of all neurons are the two arrays sin z and cos z (n, h) and a table of symbols (S, h), and
the next affine layer is applied to them with the symbols in its weights: nothing of size S · n · h
ever exists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.numerics.precision import product


def _sign(key: tuple[int, ...]) -> float:
    return -1.0 if len(key) % 4 in (2, 3) else 1.0


def _columns(slopes: Tensor, axes: Sequence[int]) -> Tensor:
    """The slopes (h, k) along some axes: a list of numbers would be sent to the device first, and
    the host would wait for it.
    """
    return torch.stack([slopes[:, axis] for axis in axes], 1) if axes else slopes[:, :0]


def _symbol(slopes: Tensor, key: Key) -> Tensor:
    """What ∂^key multiplies its wave by, (h,)."""
    if isinstance(key, Laplace):
        return -_columns(slopes, key.axes).square().sum(1)
    return _sign(key) * _columns(slopes, key).prod(1)


def _symbol_slope(slopes: Tensor, key: Key, axis: int) -> Tensor | None:
    """The derivative (h,) of the symbol by the slope along one axis; None if it is zero."""
    if isinstance(key, Laplace):
        return -2 * slopes[:, axis] if axis in key.axes else None
    times = Counter(key)[axis]
    others = list(key)
    if not times:
        return None
    others.remove(axis)
    return _sign(key) * times * _columns(slopes, others).prod(1)


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
    def symbols(self) -> list[Tensor]:
        """The symbol (h,) of each channel."""
        return [_symbol(self.slopes, key) for key in self.plan.keys]

    @cached_property
    def odd(self) -> list[bool]:
        """Whether the channel's wave is the cosine."""
        return [not isinstance(key, Laplace) and len(key) % 2 == 1 for key in self.plan.keys]

    def _wave(self, channel: int) -> Tensor:
        return self.cosine if self.odd[channel] else self.sine

    @cached_property
    def spread(self) -> Tensor:
        """All channels of all waves (S, n, h)."""
        channels = range(len(self.plan.keys))
        return torch.stack([self._wave(i) * self.symbols[i] for i in channels])

    @cached_property
    def _halves(self) -> list[tuple[Tensor, list[int], Tensor]]:
        """For sin and cos: the wave (n, h), the channels it serves, and their symbols (k, h)."""
        halves = []
        for parity, wave in enumerate((self.sine, self.cosine)):
            served = [i for i, odd in enumerate(self.odd) if odd == bool(parity)]
            if served:
                halves.append((wave, served, torch.stack([self.symbols[i] for i in served])))
        return halves

    def channels(self, weight: Tensor, bias: Tensor) -> Tensor:
        """The channels (S, n, outputs) under an output layer, weight (outputs, h)."""
        outputs, h = weight.shape
        out = self.sine.new_empty((len(self.plan.keys), len(self.sine), outputs))
        for wave, served, symbols in self._halves:
            combined = (symbols[:, None] * weight).view(-1, h)
            derivatives = (wave @ combined.T).view(-1, len(served), outputs)
            for channel, part in zip(served, derivatives.unbind(1), strict=True):
                out[channel] = part
        out[0] += bias
        return out

    def jacobian_rows(self, seeds: Tensor) -> Tensor:
        """Σ seeds · channels of every wave (n, h), for seeds (S, n) of one output."""
        (wave, served, symbols), *rest = self._halves
        out = (_columns(seeds.T, served) @ symbols).mul_(wave)
        for wave, served, symbols in rest:
            out.addcmul_(wave, _columns(seeds.T, served) @ symbols)
        return out

    # ── under a layer of neurons ──────────────────────────────────────────────────────────────

    def through(self, weight: Tensor, out: Tensor) -> Tensor:
        """The channels (S, n, k) of weight (k, h) times the waves."""
        for channel, part in enumerate(out.unbind(0)):
            product(self._wave(channel), (weight * self.symbols[channel]).T, out=part)
        return out

    def pulled(
        self, weight: Tensor, g: Tensor, space: Workspace, multiply: Callable[..., Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The derivatives of ⟨g, `through`⟩ by weight (k, h), phases z (n, h) and slopes (h, d);
        `multiply` is one of the products of `numerics.precision`.
        """
        into = [space.take(("wave", i), tuple(self.sine.shape), g) for i in range(2)]
        by_weight, by_slopes = torch.zeros_like(weight), torch.zeros_like(self.slopes)
        begun = [False, False]
        for channel, part in enumerate(g.unbind(0)):
            symbol, odd = self.symbols[channel], self.odd[channel]
            so_far = into[odd] if begun[odd] else None
            multiply(part, weight * symbol, out=into[odd], added=so_far)
            begun[odd] = True
            met = multiply(part.T, self._wave(channel))
            by_weight.addcmul_(met, symbol)
            self._add_slopes(by_slopes, channel, (met * weight).sum(0))
        by_phase = into[0].mul_(self.cosine)
        if begun[1]:
            by_phase.addcmul_(into[1], self.sine, value=-1)
        return by_weight, by_phase, by_slopes

    def _add_slopes(self, into: Tensor, channel: int, by_symbol: Tensor) -> None:
        """Add, for each axis, what the symbol's derivative makes of it: (…, h) into (h, d)."""
        for axis in range(self.slopes.shape[1]):
            change = _symbol_slope(self.slopes, self.plan.keys[channel], axis)
            if change is not None:
                into[..., axis] += by_symbol * change

    def adjoint(self, bar: Tensor) -> tuple[Tensor, Tensor]:
        """Per point, the derivatives of ⟨bar, spread⟩ by phases (n, h) and slopes (n, h, d)."""
        by_phase = torch.zeros_like(self.sine)
        by_slopes = self.sine.new_zeros((*self.sine.shape, self.slopes.shape[1]))
        for channel, part in enumerate(bar.unbind(0)):
            weighted, odd = part * self.symbols[channel], self.odd[channel]
            by_phase.addcmul_(weighted, self.sine if odd else self.cosine, value=-1 if odd else 1)
            self._add_slopes(by_slopes, channel, part * self._wave(channel))
        return by_phase, by_slopes

    def tangent(self, moved: Tensor, slopes: Tensor) -> Tensor:
        """How `spread` moves when phases move by `moved` (n, h) and slopes by `slopes` (h, d)."""
        out = torch.empty_like(self.spread)
        for channel, key in enumerate(self.plan.keys):
            odd = self.odd[channel]
            wave = -self.sine if odd else self.cosine
            torch.mul(wave * moved, self.symbols[channel], out=out[channel])
            for axis in range(self.slopes.shape[1]):
                change = _symbol_slope(self.slopes, key, axis)
                if change is not None:
                    out[channel].addcmul_(self._wave(channel), change * slopes[:, axis])
        return out
