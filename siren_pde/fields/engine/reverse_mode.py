"""First derivatives of a scalar network by one reverse sweep, and the gradient through them.

Forward, a_l = sin z_l with z_l = W_l a_{l−1} + b_l; backward, δ_l = ∂u/∂z_l = cos z_l ⊙ h_l with
h_{l−1} = W_lᵀ δ_l, down to ∇u = W₀ᵀ δ₀. For seeds v of ∇u and v₀ of u, ⟨v, ∇u⟩ is the derivative
u̇ of u along v: with ȧ₀ = v, ż_l = W_l ȧ_{l−1}, ȧ_l = cos z_l ⊙ ż_l, its adjoint by ȧ_l is the h_l
already known, and with e_l, the adjoint by z_l,

    e_l = cos z_l ⊙ y_l − sin z_l ⊙ ż_l ⊙ h_l,   y_{l−1} = W_lᵀ e_l,   ∂/∂W_l = e_l a_{l−1}ᵀ + δ_l
    ȧ_{l−1}ᵀ.

That is six matrix products per layer, whatever the number of coordinates; stacked channels need
three for each of them and three more. Source: Pearlmutter's R-operator (Neural Computation 6,
1994), with the two reverse sweeps merged.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.fields.engine.forward_mode import Layer, axes_of
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.numerics.precision import product, products_of, require_roundable


@dataclass(frozen=True)
class Sweep:
    """The tape: layers, x̂ (n, d) and its slope by each coordinate (d,); of every sine layer the
    pairs (a, ȧ) and (e, δ), each (2, n, h), of which the sweep fills a and δ, cos z, and h.
    """

    layers: list[Layer]
    place: Tensor
    slope: Tensor
    inputs: list[Tensor]
    deltas: list[Tensor]
    cosines: list[Tensor]
    behind: list[Tensor]
    space: Workspace


def suits(plan: Plan, outputs: int) -> bool:
    """Whether the sweep is cheaper than stacked channels: a value with two derivatives or more."""
    return plan.order == 1 and outputs == 1 and len(plan.keys) > 2


def forward(
    layers: list[Layer], place: Tensor, slope: Tensor, plan: Plan, space: Workspace | None
) -> tuple[Tensor, Sweep]:
    """The channels (S, n, 1), and the tape."""
    require_roundable(plan.order, place)
    tape = Sweep(layers, place, slope, [], [], [], [], space or Workspace())
    a = place
    for i, (w, b, _) in enumerate(layers[:-1]):
        one, two = (len(place), len(w)), (2, len(place), len(w))
        z = tape.space.take((i, "cosine"), one, place)
        tape.inputs.append(tape.space.take((i, "inputs"), two, place))
        tape.deltas.append(tape.space.take((i, "deltas"), two, place))
        if i:
            product(a, w.T, out=z, added=b)
        else:
            torch.addmm(b, a, w.T, out=z)
        a = torch.sin(z, out=tape.inputs[i][0])
        tape.cosines.append(torch.cos(z, out=z))
    w, b, _ = layers[-1]
    h = w
    for i in range(len(layers) - 2, -1, -1):
        tape.behind.insert(0, h)
        delta = torch.mul(tape.cosines[i], h, out=tape.deltas[i][1])
        if i:
            behind = tape.space.take((i - 1, "behind"), tuple(tape.cosines[i - 1].shape), place)
            h = product(delta, layers[i][0], out=behind)
    channels = place.new_empty((len(plan.keys), len(place), 1))
    torch.addmm(b, a, w.T, out=channels[0])
    slopes = delta @ (layers[0][0] * slope)
    for channel, axis in axes_of(plan).items():
        channels[channel, :, 0] = slopes[:, axis]
    return channels, tape


def gradient(tape: Sweep, plan: Plan, seeds: Tensor) -> Tensor:
    """Jᵀ·seeds (p,)."""
    moved = torch.zeros_like(tape.place)
    for channel, axis in axes_of(plan).items():
        moved[:, axis] = seeds[channel, :, 0] * tape.slope[axis]
    swings, first = _tangents(tape, moved), moved
    w, _, _ = tape.layers[-1]
    last = tape.inputs[-1]
    parts = [(seeds[0].T @ last[0] + last[1].sum(0)).flatten(), seeds[0].sum(0)]
    back: Tensor | None = None
    for i in range(len(tape.layers) - 2, -1, -1):
        deltas, omega = tape.deltas[i], tape.layers[i][2]
        e = deltas[0]
        if back is None:
            torch.mul(seeds[0], w, out=e)
        else:
            product(back, tape.layers[i + 1][0], out=e)
        e.mul_(tape.cosines[i]).addcmul_(swings[i], tape.behind[i], value=-1)
        back = e
        if i:
            weight = products_of(deltas.transpose(1, 2), tape.inputs[i - 1]).sum(0)
        else:
            weight = e.T @ tape.place + deltas[1].T @ first
        parts = [omega * weight.flatten(), omega * e.sum(0), *parts]
    return torch.cat(parts)


def _tangents(tape: Sweep, moved: Tensor) -> list[Tensor]:
    """Fill in ȧ along the sine layers; sin z ⊙ ż of each."""
    swings = []
    for i, (w, _, _) in enumerate(tape.layers[:-1]):
        dz = tape.space.take((i, "swing"), tuple(tape.cosines[i].shape), moved)
        multiply = product if i else torch.mm
        multiply(moved, w.T, out=dz)
        moved = torch.mul(tape.cosines[i], dz, out=tape.inputs[i][1])
        swings.append(dz.mul_(tape.inputs[i][0]))
    return swings
