"""Whether equations on surfaces and curves take derivatives across them, where nothing holds."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from siren_pde.checks.finding import Finding, error
from siren_pde.checks.probe import Examination, Probe
from siren_pde.checks.symbols import Operator, differentiations, operators
from siren_pde.domains.base import Domain
from siren_pde.errors import SirenPDEError
from siren_pde.numerics.sobol import sobol

SEEN = 1e-6
"""Symbols that differ less than this, relative to their size, agree: rounding of normals, and the
differences that tangents are found by.
"""
STEP = 1e-6
"""The step in unit coordinates by which charts are differentiated: half the digits."""
TRIED = 64
"""Points of a piece at which its tangents are found."""


def across(e: Examination) -> Iterator[Finding]:
    """Equations on sets of lower dimension with derivatives that leave these sets.

    A condition beside an equation, such as a flux, may take any derivative; and derivatives along
    the normal alone are values given, not an equation.
    """
    for unknown, output in e.outputs():
        if any(p.concerning(unknown, output) for p in e.equations):
            continue
        mine = [p for p in e.probes if not p.measured and p.concerning(unknown, output)]
        normal, leaving = 0, []
        for p in mine:
            for q, tangents in _with_tangents(e, p):
                for operator in operators(q, unknown, output):
                    degree = max(differentiations(key) for key in operator.terms)
                    kind = _direction(operator.of_degree(degree), tangents) if degree else ""
                    normal = max(normal, degree if kind == "normal" else 0)
                    leaving += [(p, degree)] if kind == "mixed" else []
        for p, degree in leaving[:1]:
            if normal < degree:  # else other conditions say what u does across
                yield _free(e, p, e.called(unknown, output), degree)


def _direction(operator: Operator, tangents: Tensor) -> str:
    """Whether the highest derivatives are tangential, normal or mixed, by their symbol.

    `tangents` (n, d, d) projects directions onto the tangent space of each point.
    """
    generator = torch.Generator(device="cpu").manual_seed(0)
    xi = torch.randn(tangents.shape[:2], generator=generator, dtype=tangents.dtype, device="cpu")
    along = torch.einsum("nij,nj->ni", tangents, xi)
    whole, part = operator.symbol(xi), operator.symbol(along)
    size = float(torch.maximum(whole.abs(), part.abs()).max())
    if float((whole - part).abs().median()) <= SEEN * size:
        return "tangential"
    return "normal" if float(part.abs().median()) <= SEEN * size else "mixed"


def _with_tangents(e: Examination, p: Probe) -> Iterator[tuple[Probe, Tensor]]:
    """A condition at points where the projection onto its tangent space is known, (n, d, d)."""
    normals = p.points.normals
    if p.domain.dimension == len(e.axes) - 1 and normals is not None:
        eye = torch.eye(len(e.axes), dtype=normals.dtype, device="cpu")
        yield p, eye - normals[:, :, None] * normals[:, None, :]
        return
    for piece in p.domain.pieces[:TRIED]:
        try:
            q = p.moved(piece.chart(_middle(piece.inputs)).positions)
            q.residual(q.zero)
            yield q, _charted(piece, p.domain)
        except SirenPDEError:  # it uses normals or measurements, or the piece has no chart
            continue


def _middle(inputs: int) -> Tensor:
    return 0.1 + 0.8 * sobol(TRIED, inputs, seed=0)


def _charted(piece: Domain, domain: Domain) -> Tensor:
    """Projections onto the tangents of a piece, from differences of its chart, (n, d, d)."""
    (only,) = piece.pieces
    u = _middle(only.inputs)
    steps = STEP * torch.eye(only.inputs, dtype=u.dtype, device="cpu")
    columns = [only.chart(u + s).positions - only.chart(u - s).positions for s in steps]
    if not columns:
        width = len(domain.axes)
        return u.new_zeros((len(u), width, width))
    left, _, _ = torch.linalg.svd(torch.stack(columns, dim=2), full_matrices=False)
    basis = left[:, :, : domain.dimension]
    return torch.einsum("nik,njk->nij", basis, basis)


def _free(e: Examination, p: Probe, name: str, degree: int) -> Finding:
    kind = {1: "a curve", 2: "a surface"}.get(p.domain.dimension, "a set")
    laplacian = (
        f"For the Laplacian of a sphere or circle write `n = p.normal` and "
        f"`lap({name}) - dot(n, Vector([dot(row, n) for row in hess({name})])) "
        f"- k / radius * dot(n, grad({name}))`, k being its dimension. "
        if degree == 2 and p.points.normals is not None
        else ""
    )
    return error(
        "across",
        p.name,
        f"`{p.name}` holds on {kind}, of dimension {p.domain.dimension} in {len(e.axes)} "
        f"coordinates, and takes derivatives of {name} in directions that leave it, where no "
        f"equation holds: {name} is free beside it, so that nearly all values on it satisfy "
        f"`{p.name}`. Take derivatives along it only. {laplacian}Or write the equation in "
        "coordinates of the set itself, or on the domain that the set bounds.",
    )
