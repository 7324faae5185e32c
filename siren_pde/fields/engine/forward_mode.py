"""A sinusoidal network on stacked derivative channels: one matrix product per layer serves all.

The first layer of sines needs none of that: it is a set of waves
(`siren_pde.fields.engine.first_layer`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.fields.engine import sine_layer
from siren_pde.fields.engine.first_layer import Waves
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.numerics.precision import (
    exact_product,
    product,
    products_of,
    require_roundable,
)

Layer = tuple[Tensor, Tensor, float]
"""ω W (h, k), ω b (h,), and ω: what the parameters are multiplied by."""


@dataclass(frozen=True)
class Stack:
    """The tape of a network: its layers, x̂ (n, d) and its slope by each coordinate (d,), the first
    layer's waves, and of the further sine layers the channels (S, n, h) behind them and the tapes.
    """

    layers: list[Layer]
    place: Tensor
    slope: Tensor
    waves: Waves
    inputs: list[Tensor]
    sines: list[sine_layer.SineTape]
    space: Workspace

    def input(self, layer: int) -> Tensor:
        """What affine layer 1, 2, … is applied to, (S, n, h)."""
        return self.inputs[layer - 2] if layer > 1 else self.waves.spread

    def taking(self, layer: int) -> sine_layer.Take:
        """Memory for a sine layer's tape, and for what is needed in passing."""
        shape, like, space = self.sines_shape(layer), self.place, self.space

        def take(role: str) -> Tensor:
            passing = role == "swing" or role.startswith("even")
            return space.take(role if passing else (layer, role), shape, like)

        return take

    def sines_shape(self, layer: int) -> tuple[int, int]:
        """(n, h) of a sine layer."""
        return len(self.place), len(self.layers[layer][1])


def axes_of(plan: Plan) -> dict[int, int]:
    """Channel and axis of the first derivatives."""
    return {i: k[0] for i, k in enumerate(plan.keys) if isinstance(k, tuple) and len(k) == 1}


def forward(
    layers: list[Layer], place: Tensor, slope: Tensor, plan: Plan, space: Workspace | None
) -> tuple[Tensor, Stack]:
    """The channels (S, n, outputs), and the tape."""
    require_roundable(plan.order, place)
    space = space or Workspace()
    w, b, _ = layers[0]
    shape = (len(place), len(w))
    z, s, c = (space.take((0, role), shape, place) for role in ("phases", "sine", "cosine"))
    torch.addmm(b, place, w.T, out=z)
    waves = Waves(torch.sin(z, out=s), torch.cos(z, out=c), w * slope, plan)
    tape = Stack(layers, place, slope, waves, [], [], space)
    size = len(plan.keys)
    for i, (w, b, _) in enumerate(layers[1:-1], start=1):
        full = (size, len(place), len(w))
        z = space.take((i, "phases"), full, place)
        if i == 1:
            waves.through(w, z)
        else:
            product(tape.inputs[-1].flatten(0, 1), w.T, out=z.flatten(0, 1))
        z[0] += b
        v = space.take((i, "channels"), full, place)
        tape.sines.append(sine_layer.forward(z, v, plan, tape.taking(i)))
        tape.inputs.append(v)
    w, b, _ = layers[-1]
    if not tape.inputs:
        return waves.channels(w, b), tape
    channels = tape.inputs[-1] @ w.T
    channels[0] += b
    return channels, tape


def _deltas(tape: Stack, plan: Plan, seeds: Tensor) -> Iterator[tuple[int, Tensor]]:
    """The derivatives (S, n, h) of ⟨seeds, channels⟩ by the output of each affine layer but the
    first, last layer first; each is good until the next but one is taken.
    """
    last, g = len(tape.layers) - 1, seeds
    yield last, g
    for i in range(last - 1, 0, -1):
        g = sine_layer.adjoint(_bar(tape, i, g), tape.sines[i - 1], plan, tape.taking(i))
        yield i, g


def _bar(tape: Stack, i: int, g: Tensor) -> Tensor:
    """The derivatives (S, n, h) by the output of sine layer i."""
    w = tape.layers[i + 1][0]
    bar = tape.space.take(("bar", i % 2), (*g.shape[:2], w.shape[1]), g)
    if len(w) == 1:
        return torch.mul(g, w, out=bar)
    multiply = product if i + 2 < len(tape.layers) else exact_product
    multiply(g.flatten(0, 1), w, out=bar.flatten(0, 1))
    return bar


def gradient(tape: Stack, plan: Plan, seeds: Tensor) -> Tensor:
    """Jᵀ·seeds (p,): one matrix product per layer."""
    parts: list[Tensor] = []
    for i, g in _deltas(tape, plan, seeds):
        w, _, omega = tape.layers[i]
        hidden = i < len(tape.layers) - 1
        if i > 1:
            multiply = products_of if hidden else torch.bmm
            weight = multiply(g.transpose(1, 2), tape.input(i)).sum(0)
        else:
            given = (w, g, tape.space, product if hidden else exact_product)
            weight, phase, slopes = tape.waves.pulled(*given)
        parts = [_times(omega, weight.flatten()), _times(omega, g[0].sum(0)), *parts]
    first = torch.addcmul(phase.T @ tape.place, slopes, tape.slope)
    return torch.cat([first.flatten(), phase.sum(0), *parts])


def _times(omega: float, values: Tensor) -> Tensor:
    return values if omega == 1.0 else omega * values


CHUNK = 4 << 20
"""Bytes of outer products formed at once, close to the processor."""


def jacobian_rows(tape: Stack, plan: Plan, seeds: Tensor, out: Tensor | None = None) -> Tensor:
    """Per-point gradients (n, p): batched outer products of deltas and inputs."""
    sizes = [w.numel() + b.numel() for w, b, _ in tape.layers]
    n = seeds.shape[1]
    out = seeds.new_empty((n, sum(sizes))) if out is None else out
    for i, g in _deltas(tape, plan, seeds):
        w, _, omega = tape.layers[i]
        _write(out, sum(sizes[:i]), _times(omega, g), tape.input(i), tape.space)
    phase, slopes = tape.waves.adjoint(_bar(tape, 0, g))
    first = torch.addcmul(phase[:, :, None] * tape.place[:, None], slopes, tape.slope).flatten(1)
    out[:, : first.shape[1]] = first
    out[:, first.shape[1] : sizes[0]] = phase
    return out


def _write(out: Tensor, start: int, g: Tensor, a: Tensor, space: Workspace) -> None:
    """Σ g ⊗ a over the channels (S, n, h), (S, n, k), and then the value's g, from column start."""
    h, k = g.shape[2], a.shape[2]
    left, right = g.permute(1, 2, 0), a.permute(1, 0, 2)
    chunk = max(CHUNK // (h * k * g.element_size()), 1)
    for first in range(0, len(out), chunk):
        piece = slice(first, min(first + chunk, len(out)))
        block = space.take("outer", (piece.stop - first, h, k), g)
        torch.bmm(left[piece], right[piece], out=block)
        out[piece, start : start + h * k] = block.flatten(1)
    out[:, start + h * k : start + h * k + h] = g[0]


def jvp(moves: list[Layer], tape: Stack, plan: Plan) -> Tensor:
    """J·direction (S, n, outputs), forward through the layers; `moves` are those of direction."""
    w, b, _ = moves[0]
    da = tape.waves.tangent(torch.addmm(b, tape.place, w.T), w * tape.slope)
    for i, ((w, _, _), (dw, db, _)) in enumerate(
        zip(tape.layers[1:], moves[1:], strict=True), start=1
    ):
        dz = tape.input(i) @ dw.T
        dz += da @ w.T
        dz[0] += db
        da = sine_layer.tangent(dz, tape.sines[i - 1], plan) if i < len(moves) - 1 else dz
    return da
