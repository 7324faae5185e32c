"""One sine layer on stacked derivative channels: forward, adjoint and tangent, all in closed form.

With s = sin z and c = cos z, the derivatives of the sine are c, −s, −c, s. Channel α of the output
is, by Faà di Bruno's rule,

    V_α = c Z_α − s P₂ − c P₃ + s P₄,      P_k = Σ count · Π Z_factor  (the plan's terms of order
    k),

so that one sine and one cosine per neuron serve all channels; no graph through the network exists.
For the Laplacian this is V_Δ = c Z_Δ − s Σᵢ Zᵢ², the collapsed rule of the forward Laplacian (Li et
al., 2024) and of collapsed Taylor mode (Dangel et al., 2025).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.fields.engine.plan import Plan

Take = Callable[[str], Tensor]
"""Memory (n, h) for a role."""


@dataclass(frozen=True)
class SineTape:
    """What the adjoint needs: the channels of Z (n, h), sin and cos of Z₀, and P_k of each channel
    and order.
    """

    z: tuple[Tensor, ...]
    sine: Tensor
    cosine: Tensor
    products: dict[tuple[int, int], Tensor]


def _product(z: tuple[Tensor, ...], factors: tuple[int, ...]) -> Tensor:
    out = z[factors[0]]
    for f in factors[1:]:
        out = out * z[f]
    return out


def _outer(tape: SineTape, k: int) -> tuple[Tensor, int]:
    """sin⁽ᵏ⁾(z) as (tensor, sign)."""
    return (tape.cosine if k % 2 else tape.sine), (-1 if k % 4 in (2, 3) else 1)


def forward(z: Tensor, v: Tensor, plan: Plan, take: Take) -> SineTape:
    """Fill the channels V (S, n, h) of sin(Z), and return the tape for the functions below."""
    parts, zs = v.unbind(0), z.unbind(0)
    sine, cosine = torch.sin(zs[0], out=parts[0]), torch.cos(zs[0], out=take("cosine"))
    tape = SineTape(zs, sine, cosine, {})
    for part, along in zip(parts[1:], zs[1:], strict=True):
        torch.mul(cosine, along, out=part)
    for channel, terms in plan.terms.items():
        for term in terms:
            *head, last = term.factors
            left = _product(zs, tuple(head))
            known = tape.products.get((channel, term.order))
            if known is None:
                fresh = torch.mul(left, zs[last], out=take(f"product {channel} {term.order}"))
                tape.products[channel, term.order] = fresh
                if term.count != 1:
                    fresh.mul_(term.count)
            else:
                known.addcmul_(left, zs[last], value=term.count)
    for (channel, k), product in tape.products.items():
        wave, sign = _outer(tape, k)
        parts[channel].addcmul_(wave, product, value=sign)
    return tape


def adjoint(bar: Tensor, tape: SineTape, plan: Plan, take: Take) -> Tensor:
    """Turn bar (S, n, h) into the derivative by Z of ⟨bar, V⟩, in place.

    In the value's channel, cos z multiplies what is gathered in bar₀, and −sin z what is gathered
    in `swing`.
    """
    z, s, c = tape.z, tape.sine, tape.cosine
    bars = bar.unbind(0)
    swing = _swing(bars, tape, take) if len(bars) > 1 else None
    even = {
        channel: torch.mul(s, bars[channel], out=take(f"even {channel}"))
        for channel, slopes in plan.slopes.items()
        if any(slope.order % 2 == 0 for slope in slopes)
    }
    bar.mul_(c)
    if swing is not None:
        bars[0].addcmul_(s, swing, value=-1)
    for channel, slopes in plan.slopes.items():  # ascending: sources are not yet targets
        for slope in slopes:
            sign = _outer(tape, slope.order)[1]
            weight = bars[channel] if slope.order % 2 else even[channel]
            others = _product(z, slope.others)
            bars[slope.target].addcmul_(weight, others, value=sign * slope.count)
    return bar


def _swing(bars: tuple[Tensor, ...], tape: SineTape, take: Take) -> Tensor:
    swing = torch.mul(bars[1], tape.z[1], out=take("swing"))
    for part, along in zip(bars[2:], tape.z[2:], strict=True):
        swing.addcmul_(part, along)
    for (channel, k), product in tape.products.items():
        wave, sign = _outer(tape, k + 1)
        if wave is tape.sine:
            swing.addcmul_(bars[channel], product, value=-sign)
        else:
            bars[0].addcmul_(bars[channel], product, value=sign)
    return swing


def tangent(dz: Tensor, tape: SineTape, plan: Plan) -> Tensor:
    """dV (S, n, h): how the channels of sin(Z) move when Z moves by dZ."""
    z, s, c = tape.z, tape.sine, tape.cosine
    dv, swing = dz * c, s * dz[0]
    for part, along in zip(dv[1:], z[1:], strict=True):
        part.addcmul_(along, swing, value=-1)
    for (channel, k), product in tape.products.items():
        wave, sign = _outer(tape, k + 1)
        dv[channel].addcmul_(wave * dz[0], product, value=sign)
    for channel, slopes in plan.slopes.items():
        for slope in slopes:
            wave, sign = _outer(tape, slope.order)
            others = _product(z, slope.others)
            dv[channel].addcmul_(wave * others, dz[slope.target], value=sign * slope.count)
    return dv
