"""Whether residuals are finite where a solve begins: at zero, or at values that are given."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from siren_pde.checks.agreement import forced, forced_value
from siren_pde.checks.finding import Finding, error, note, warning
from siren_pde.checks.places import listed, number, place
from siren_pde.checks.probe import Channels, Examination, Probe
from siren_pde.errors import SirenPDEError

SMALL = 0.01
"""The size of the small fields, of both signs, that a network starts with about zero."""


def start(e: Examination) -> Iterator[Finding]:
    """Residuals, or their derivatives, that are not finite where the unknowns vanish."""
    given = _given_values(e)
    for p in e.probes:
        if not bool(_broken(p, p.zero).any()):
            continue
        taken = sorted(p.bound.networks)
        wrong = [name for name in taken if bool(_broken(p, _only_zero(p, name)).any())]
        culprits = wrong or taken
        where = place(e.axes, p.points.positions[int(_broken(p, p.zero).nonzero()[0])])
        zeros = " and ".join(f"{name} = 0" for name in culprits)
        what = f"`{p.name}`, or its derivative by the unknowns, is not finite where {zeros}, as at "
        values = {name: given[name] for name in culprits if name in given}
        if len(values) == len(culprits) and not bool(_broken(p, _constant(p, given)).any()):
            text = listed([f"{k} = {_shown(v)}" for k, v in values.items()])
            yield note(
                "start",
                p.name,
                f"{what}{where}: networks start near zero, and this one has to start at the values "
                f"that other conditions give, about {text}.",
            )
        elif _near(p) or not bool(torch.isfinite(p.data).all()):
            first = culprits[0]
            say = error if _near(p) else warning
            yield say(
                "start",
                p.name,
                f"{what}{where}, and networks start near zero. Write it for an unknown that may "
                f"vanish there, such as `1 + {first}` for `{first}` or `exp({first})` for a "
                f"quantity that is positive, or give values of {first} by a condition "
                f"`return {first} - …`.",
            )


def _broken(p: Probe, channels: Channels) -> Tensor:
    """Where a residual or its derivatives are not finite (n,)."""
    r, seeds = p.bound.seeds(p.bound.structure, p.points, channels)
    bad = ~torch.isfinite(r).all(1)
    for seed in seeds:
        for value in seed.values():
            bad |= ~torch.isfinite(value).all(0).all(1)
    return bad


def _near(p: Probe) -> bool:
    """Whether small fields of either sign have residuals that are not finite, too."""
    return any(
        not bool(torch.isfinite(p.residual({k: s * c for k, c in p.random(0).items()})).all())
        for s in (SMALL, -SMALL)
    )


def _only_zero(p: Probe, name: str) -> Channels:
    """Positive values of all unknowns but one, which vanishes."""
    channels = p.random(0)
    return {s: torch.zeros_like(c) if s.network == name else c for s, c in channels.items()}


def _constant(p: Probe, given: dict[str, Tensor]) -> Channels:
    like = p.zero
    zeros = {site.network: c.new_zeros(c.shape[2]) for site, c in like.items()}
    return p.constant({**zeros, **{k: v for k, v in given.items() if k in zeros}})


def _given_values(e: Examination) -> dict[str, Tensor]:
    """The mean of the values that conditions give an unknown, for those given whole."""
    means: dict[tuple[str, int], float] = {}
    for p in e.probes:
        for component in range(len(p.uses)):
            slot = forced(p, component)
            if slot is None or slot.key != () or not p.affine:
                continue
            try:
                value = float(forced_value(p, component, slot).mean())
            except SirenPDEError:
                continue
            if math.isfinite(value):
                means.setdefault((slot.unknown, slot.output), value)
    whole = {}
    for name, network in e.field.networks().items():
        values = [means.get((name, j)) for j in range(network.outputs)]
        known = [v for v in values if v is not None]
        if known and len(known) == len(values):
            whole[name] = torch.tensor(known, dtype=torch.float64, device="cpu")
    return whole


def _shown(values: Tensor) -> str:
    texts = [number(v) for v in values.tolist()]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"
