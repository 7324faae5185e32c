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

from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.fields.plan import Plan


@dataclass(frozen=True)
class SineTape:
    """What the adjoint needs: Z (S, n, h), sin and cos of Z₀, and P_k of each channel and order."""

    z: Tensor
    sine: Tensor
    cosine: Tensor
    products: dict[tuple[int, int], Tensor]


def _product(z: Tensor, factors: tuple[int, ...]) -> Tensor:
    out = z[factors[0]]
    for f in factors[1:]:
        out = out * z[f]
    return out


def _outer(tape: SineTape, k: int) -> tuple[Tensor, int]:
    """sin⁽ᵏ⁾(z) as (tensor, sign)."""
    return (tape.cosine if k % 2 else tape.sine), (-1 if k % 4 in (2, 3) else 1)


def forward(z: Tensor, plan: Plan) -> tuple[Tensor, SineTape]:
    """The channels V (S, n, h) of sin(Z), and the tape for the two functions below."""
    v = torch.empty_like(z)
    tape = SineTape(z, torch.sin(z[0], out=v[0]), torch.cos(z[0]), {})
    torch.mul(z[1:], tape.cosine, out=v[1:])
    for channel, terms in plan.terms.items():
        for term in terms:
            known = tape.products.get((channel, term.order))
            *head, last = term.factors
            left = _product(z, tuple(head))
            if known is None:
                fresh = left * z[last]
                product = fresh if term.count == 1 else fresh.mul_(term.count)
                tape.products[channel, term.order] = product
            else:
                known.addcmul_(left, z[last], value=term.count)
    for (channel, k), product in tape.products.items():
        wave, sign = _outer(tape, k)
        v[channel].addcmul_(wave, product, value=sign)
    return v, tape


def adjoint(bar: Tensor, tape: SineTape, plan: Plan) -> Tensor:
    """Ḡ (S, n, h): the derivative by Z of ⟨bar, V⟩."""
    z, s, c = tape.z, tape.sine, tape.cosine
    g = bar * c
    if len(plan.keys) > 1:
        along = bar[1] * z[1]
        for channel in range(2, len(plan.keys)):
            along.addcmul_(bar[channel], z[channel])
        g[0].addcmul_(s, along, value=-1)
    for channel, slopes in plan.slopes.items():
        for k in sorted({slope.order for slope in slopes}):
            wave, sign = _outer(tape, k + 1)
            g[0].addcmul_(wave, bar[channel] * tape.products[channel, k], value=sign)
            wave, sign = _outer(tape, k)
            weighted = wave * bar[channel]
            for slope in slopes:
                if slope.order == k:
                    others = _product(z, slope.others)
                    g[slope.target].addcmul_(weighted, others, value=sign * slope.count)
    return g


def tangent(dz: Tensor, tape: SineTape, plan: Plan) -> Tensor:
    """dV (S, n, h): how the channels of sin(Z) move when Z moves by dZ."""
    z, s, c = tape.z, tape.sine, tape.cosine
    dv = dz * c
    dv[1:].addcmul_(z[1:], s * dz[0], value=-1)
    for channel, slopes in plan.slopes.items():
        for k in sorted({slope.order for slope in slopes}):
            wave, sign = _outer(tape, k + 1)
            dv[channel].addcmul_(wave * dz[0], tape.products[channel, k], value=sign)
            wave, sign = _outer(tape, k)
            for slope in slopes:
                if slope.order == k:
                    others = _product(z, slope.others)
                    dv[channel].addcmul_(wave * others, dz[slope.target], value=sign * slope.count)
    return dv
