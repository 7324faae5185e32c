"""Whether sources and fluxes balance where fluxes alone are given: else nothing solves both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.checks.finding import Finding, error
from siren_pde.checks.places import number
from siren_pde.checks.probe import Examination, Probe
from siren_pde.checks.symbols import Operator, operators
from siren_pde.collocation.quadrature import Sobol
from siren_pde.errors import SirenPDEError
from siren_pde.fields.system import parts

POINTS = 2048
"""Points for each integral."""
UNBALANCED = 0.01
"""From which share of all that flows a difference counts, beside five times the spread of the
integrals between two sets of points.
"""
STEP = 1e-5
"""The step, beside the domain's extent, by which coefficients are differentiated."""
SAME = 1e-4
"""The share by which coefficients that are compared may differ: the error of those differences."""


def compatibility(e: Examination) -> Iterator[Finding]:
    """Equations ∇·(a ∇u) = f with the flux n·a∇u given all around, and ∫ f another number."""
    if "t" in e.axes or any(parts(e.field)[n] is not x for n, x in e.field.networks().items()):
        return
    for unknown, output in e.outputs():
        stated = _stated(e, unknown, output)
        if stated is None or e.field.networks()[unknown].periodic:
            continue
        try:
            sums = [_sums(stated, seed) for seed in (e.seed, e.seed + 1)]
        except SirenPDEError:  # measurements, or a boundary that cannot be sampled
            continue
        if None in sums:
            continue
        (source, flux, size), (again, flux_again, _) = (s for s in sums if s is not None)
        spread = abs(source - again) + abs(flux - flux_again)
        if abs(source - flux) > UNBALANCED * size + 5 * spread:
            called, equation = e.called(unknown, output), stated.equation.name
            fluxes = " and ".join(f"`{p.name}`" for p in stated.fluxes)
            yield error(
                "compatibility",
                equation,
                f"`{equation}` and the fluxes contradict each other: by `{equation}` "
                f"{number(source)} of {called} flows out of the domain, by {fluxes} "
                f"{number(flux)}, and no value of {called} is given that could make up for it. No "
                "solution exists. Check the sign and size of the source and of the fluxes.",
            )


@dataclass(frozen=True)
class _Stated:
    """An equation for one output, and the conditions that give its flux all around."""

    equation: Probe
    fluxes: tuple[Probe, ...]
    unknown: str
    output: int


def _stated(e: Examination, unknown: str, output: int) -> _Stated | None:
    """The equation and fluxes of an output if these are all there is about it, or None."""
    mine = [p for p in e.probes if p.concerning(unknown, output) and p.domain.dimension]
    equations = [p for p in mine if p in e.equations]
    fluxes = tuple(p for p in mine if p.domain.dimension == len(e.axes) - 1)
    if len(equations) != 1 or not fluxes or len(mine) != 1 + len(fluxes):
        return None
    alone = all(p.affine and len(p.uses) == 1 and not p.measured for p in mine)
    keys = [s.key for p in mine for s in p.used if (s.unknown, s.output) == (unknown, output)]
    others = any((s.unknown, s.output) != (unknown, output) for p in mine for s in p.used)
    if not alone or others or () in keys:
        return None
    edge = equations[0].domain.boundary
    covered = sum(p.domain.measure for p in fluxes)
    if abs(covered - edge.measure) > 1e-3 * edge.measure:
        return None
    return _Stated(equations[0], fluxes, unknown, output)


def _sums(stated: _Stated, seed: int) -> tuple[float, float, float] | None:
    """What flows out by the equation and by the fluxes, and how much flows in all."""
    which = (stated.unknown, stated.output)
    p = stated.equation
    p = replace(p, points=Sobol(POINTS)(p.domain, seed=seed))
    if not _is_divergence(p, which):
        return None
    source, weights = -p.data[:, 0], p.points.weights
    total, size, out = float((weights * source).sum()), float((weights * source.abs()).sum()), 0.0
    for q in stated.fluxes:
        q = replace(q, points=Sobol(POINTS)(q.domain, seed=seed))
        normals = q.points.normals
        if normals is None:
            return None
        (given,) = operators(q, *which)
        (inside,) = operators(p.moved(q.points.positions), *which)
        conormal = torch.einsum("nij,nj->ni", _matrix(inside, normals), normals)
        slope = torch.stack([given.coefficient((i,)) for i in range(normals.shape[1])], 1)
        factor = (slope * conormal).sum(1) / conormal.square().sum(1)
        if float((slope - factor[:, None] * conormal).abs().max()) > SAME * float(
            slope.abs().max()
        ):
            return None
        flux = -q.data[:, 0] / factor
        out += float((q.points.weights * flux).sum())
        size += float((q.points.weights * flux.abs()).sum())
    return total, out, size


def _is_divergence(p: Probe, which: tuple[str, int]) -> bool:
    """Whether an equation is ∇·(a ∇u): its first derivatives have the coefficients ∂ⱼ aᵢⱼ."""
    x = p.points.positions
    (here,) = operators(p, *which)
    extent = (x.max(0).values - x.min(0).values).clamp_min(1e-300)
    slopes = torch.zeros_like(x)
    for j in range(x.shape[1]):
        step = torch.zeros_like(extent)
        step[j] = STEP * extent[j]
        sides = [_matrix(next(operators(p.moved(x + s), *which)), x) for s in (step, -step)]
        slopes += (sides[0] - sides[1])[:, :, j] / (2 * step[j])
    first = torch.stack([here.coefficient((i,)) for i in range(x.shape[1])], 1)
    size = float((_matrix(here, x).abs().amax((1, 2)) / extent.min()).max())
    return float((first - slopes).abs().max()) <= SAME * size


def _matrix(operator: Operator, like: Tensor) -> Tensor:
    """The symmetric matrix (n, d, d) of the coefficients of second derivatives."""
    n, d = like.shape
    matrix = like.new_zeros((n, d, d))
    for i in range(d):
        for j in range(d):
            pair = (min(i, j), max(i, j))
            matrix[:, i, j] = operator.coefficient(pair) * (1.0 if i == j else 0.5)
    return matrix
