"""Which mirrors leave a problem as it is, measured: its solution, if there is one, is even."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.frequencies import box
from siren_pde.collocation.objective import Objective, evaluating
from siren_pde.errors import SirenPDEError
from siren_pde.fields.derived.mirrored import Mirror, Mirrored
from siren_pde.fields.siren import Siren

PROBES, WAVES = 64, 8
"""Points of each condition, and waves of the field, at which residuals are compared."""
INSIDE = 1e-9
"""How far outside a domain mirrored points may be, by rounding."""
ALIKE = 1e-9
"""Residuals that differ by less than this share of the largest are those of a mirrored problem."""


def between_mirrors(objective: Objective) -> Objective:
    """The same problem for a field that is even where the problem is, about the middle of its box.

    Only problems that are affine in one network are looked at, whose solution is
    taken to be the only one. A problem is even if its domains are, and if the residuals of any
    field, mirrored, are its residuals in the mirrored places, up to their sign.
    """
    network = _network(objective)
    if network is None or not objective.collocated.affine:
        return objective
    probe = replace(objective, collocated=objective.collocated.with_count(PROBES))
    waves = _waves(network, objective.seed)
    known = [_residual(replace(probe, field=waves), rows) for rows in probe.collocated.rows]
    sides = zip(*(end.tolist() for end in box(objective.collocated)), strict=True)
    mirrors = [Mirror(i, (a + b) / 2, (b - a) / 2) for i, (a, b) in enumerate(sides) if b > a]
    even = [mirror for mirror in mirrors if _even(probe, waves, known, mirror)]
    return replace(objective, field=Mirrored(network, even)) if even else objective


def _network(objective: Objective) -> Siren | None:
    """The one network of the problem, a function of all its coordinates that is not periodic."""
    network, axes = objective.field, objective.collocated.problem.axes
    if not isinstance(network, Siren) or (network.inputs, network.outputs) != (len(axes), 1):
        return None
    return None if network.periodic else network


def _waves(network: Siren, seed: int) -> Siren:
    """A field of a few waves, with coefficients that are not zero."""
    waves = network.with_random_features(WAVES, network.frequency, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(WAVES, generator=generator, dtype=torch.float64).to(waves.frequency)
    *hidden, output, bias = waves.layers
    return waves.like([*hidden, output + drawn / WAVES, bias])


def _even(probe: Objective, waves: Siren, known: list[Tensor], mirror: Mirror) -> bool:
    """Whether the mirror changes neither the domains of the conditions nor, up to the sign of each
    component, their residuals: `known` are those of the waves.
    """
    first, phases, *output = waves.layers
    flipped = first.detach().clone()
    flipped[:, mirror.axis] *= -1
    # waves about the centre of the network, which need not be the mirror's
    shift = (waves.centre[mirror.axis] - mirror.centre) * waves.frequency[mirror.axis]
    turned = phases + 2 * flipped[:, mirror.axis] * shift
    other = replace(probe, field=waves.like([flipped, turned, *output]))
    for rows, here in zip(probe.collocated.rows, known, strict=True):
        points = _mirrored(rows.points, mirror)
        if points.data or not bool(rows.condition.domain.contains(points.positions, INSIDE).all()):
            return False
        try:
            there = _residual(other, replace(rows, points=points))
        except SirenPDEError:  # there is no residual beyond the mirror
            return False
        apart = torch.minimum((here - there).abs().amax(0), (here + there).abs().amax(0))
        if not bool((apart <= ALIKE * here.abs().amax(0)).all()):
            return False
    return True


def _residual(objective: Objective, rows: Rows) -> Tensor:
    with evaluating(objective) as e:
        return e.residual(objective.parameters, rows)


def _mirrored(points: Points, mirror: Mirror) -> Points:
    """The points on the other side of the mirror, normals turned."""
    positions = points.positions.clone()
    positions[:, mirror.axis] = 2 * mirror.centre - positions[:, mirror.axis]
    normals = None if points.normals is None else points.normals.clone()
    if normals is not None:
        normals[:, mirror.axis] *= -1
    return replace(points, positions=positions, normals=normals)
