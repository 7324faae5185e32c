"""Whether the exact solution given satisfies the conditions, and if not, which sign is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from siren_pde.calculus.complex import Complex
from siren_pde.calculus.jets import Jet, as_jet
from siren_pde.calculus.vectors import Vector
from siren_pde.checks.finding import Finding, error
from siren_pde.checks.places import derivative, number, place
from siren_pde.checks.probe import Channels, Examination, Probe
from siren_pde.collocation.expression import network_jets
from siren_pde.errors import ResidualError, SirenPDEError
from siren_pde.fields.base import Network
from siren_pde.fields.siren import Siren
from siren_pde.fields.system import System

VANISHING = 1e-7
"""Residuals of the exact solution below this, relative to the largest term, are rounding."""


def truth(e: Examination) -> Iterator[Finding]:
    """Conditions that the exact solution does not satisfy."""
    if e.problem.exact is None:
        return
    networks = {name: _plain(e, name, network) for name, network in e.field.networks().items()}
    plain = (
        networks["u"] if [*networks] == ["u"] else System(**networks)
    )  # without lifts of an ansatz
    channels_by_probe: dict[Probe, Channels] = {}
    for q in e.probes:
        if not q.measured and _known(e, q):
            p = Probe.of(q.condition, plain, q.points)
            try:
                channels_by_probe[p] = _channels(e, p)
            except SirenPDEError as cause:
                yield error("exact", p.name, f"`exact` cannot be put into `{p.name}`: {cause}")
    for p, channels in channels_by_probe.items():
        yield from _judged(e, p, channels, _size(e, p, channels_by_probe))


def _plain(e: Examination, name: str, network: Network) -> Network:
    """A network with as many outputs as the unknown in residuals, which may be made of more."""
    sample = e.probes[0].points.select(slice(0, 1))
    jets = network_jets(e.field.networks(), sample.axes, lambda *_: sample.weights)
    outputs = len(_parts(e.field.unknowns(sample, jets)[name]))
    return network if outputs == network.outputs else Siren(network.inputs, outputs)


def _judged(e: Examination, p: Probe, channels: Channels, size: float) -> Iterator[Finding]:
    """What the exact solution leaves of one condition."""
    r = p.residual(channels)
    worst = r.abs().amax(1)
    bad = (~torch.isfinite(worst)).nonzero()
    if len(bad):
        where = place(e.axes, p.points.positions[int(bad[0])])
        yield error(
            "exact",
            p.name,
            f"`exact`, or a derivative of it that `{p.name}` takes, is not finite at {where}.",
        )
    elif float(worst.max()) > VANISHING * size:
        yield error(
            "exact",
            p.name,
            f"`exact` does not satisfy `{p.name}`: it leaves {number(float(worst.max()))} at "
            f"{place(e.axes, p.points.positions[int(worst.argmax())])}, where its largest term is "
            f"about {number(size)}. {_suspect(e, p, channels, r, size)}",
        )


def _channels(e: Examination, p: Probe) -> Channels:
    """The exact solution's derivatives in the channels of a condition."""
    places = p.bound.positions(p.bound.structure, p.points)
    points = [p.moved(x).points if k else p.points for k, x in enumerate(places)]
    exact = [e.problem.exact_values(there, e.field.networks()) for there in points]
    values = p.zero
    for slot in p.slots:
        parts, channels = _parts(exact[slot.site.place][slot.unknown]), values[slot.site]
        if len(parts) != channels.shape[2]:
            raise ResidualError(
                f"it gives {len(parts)} components of `{slot.unknown}`, but the field has "
                f"{channels.shape[2]}: return as many, in a `Vector` if there are several."
            )
        channels[slot.channel, :, slot.output] = parts[slot.output].part(slot.key)
    return values


def _known(e: Examination, p: Probe) -> bool:
    """Whether the exact solution gives all unknowns of a condition: it may give some only."""
    given = e.problem.exact_values(p.points, e.field.networks())
    return all(name in given for name in p.bound.networks)


def _parts(value: object) -> list[Jet]:
    if isinstance(value, Complex):
        return [value.re, value.im]
    components = value if isinstance(value, Vector | list | tuple) else [value]
    jets = [as_jet(each) for each in components]
    for jet, each in zip(jets, components, strict=True):
        if jet is NotImplemented:
            raise ResidualError(
                f"it gives a {type(each).__name__}: write it in the coordinates, with the "
                "functions of `siren_pde`, such as `sin(p.x)`."
            )
    return jets


def _size(e: Examination, p: Probe, channels_by_probe: dict[Probe, Channels]) -> float:
    """The largest term of a condition, each taken alone, where the exact solution is largest."""
    alone = [p.data.abs().max()]
    for slot in p.used:
        values = [
            channels[s.site][s.channel, :, slot.output].abs().max()
            * (1.0 if s.key == slot.key else slot.growth(e.frequency))
            for q, channels in channels_by_probe.items()
            for s in q.slots
            if (s.unknown, s.output) == (slot.unknown, slot.output) and s.key in ((), slot.key)
        ]
        one = p.zero
        one[slot.site][slot.channel, :, slot.output] = torch.stack(values).nan_to_num(0.0).max()
        alone.append((p.residual(one) - p.data).abs().max())
    sizes = torch.stack(alone)
    return float(sizes[torch.isfinite(sizes)].max()) if bool(torch.isfinite(sizes).any()) else 1.0


def _suspect(e: Examination, p: Probe, channels: Channels, r: Tensor, size: float) -> str:
    """Which single change would make the exact solution satisfy a condition."""
    for slot in sorted(p.used, key=lambda s: s.channel):
        flipped = {name: c.clone() for name, c in channels.items()}
        flipped[slot.site][slot.channel, :, slot.output] *= -1
        if float(p.residual(flipped).abs().max()) <= VANISHING * size:
            term = derivative(slot, e.axes, e.called(slot.unknown, slot.output))
            return f"With the opposite sign of the term with {term} it does. Check that sign."
    if p.affine and float(p.data.abs().max()) > 0:
        if float((r - 2 * p.data).abs().max()) <= VANISHING * size:
            return "With the opposite sign of the terms without the unknown it does. Check it."
        unit = p.data / p.data.abs().max()  # squares of the data themselves might underflow
        wanted = -((r - p.data) * unit).sum() / p.data.abs().max() / unit.square().sum()
        if float((r - p.data + wanted * p.data).abs().max()) <= VANISHING * size:
            return f"With the terms without the unknown times {number(float(wanted))} it does."
    return "Check the signs and constants of both."
