"""What ties a domain to its boundary: normals, the divergence theorem, boundary functions."""

from __future__ import annotations

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.calculus.functions import cos, sin
from siren_pde.calculus.jets import Jet
from siren_pde.calculus.operators import div
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.collocation.quadrature import GaussLegendre, Sobol
from siren_pde.domains.base import Domain
from siren_pde.domains.predicates import extent
from siren_pde.errors import DomainError
from siren_pde.fields.engine import autodiff
from siren_pde.fields.engine.plan import Plan
from siren_pde.testing.laws import Law, LawError, called, differ, largest, require

STEP = 1e-6
"""How far points are moved along the normal, in domains smaller than 1 relative to their size."""
COUNT = 2**13
"""Points inside and on the boundary where the divergence theorem is tested."""


def is_full(domain: Domain) -> bool:
    """Whether the domain is as wide as its space, so that it has a boundary with normals."""
    return domain.dimension == len(domain.axes) and not domain.is_data


def normals_are_unit(domain: Domain) -> None:
    """The boundary has normals, of length one."""
    length = torch.linalg.vector_norm(_normals(Sobol(400)(domain.boundary), domain), dim=1)
    off = largest(length - 1)
    require(
        off <= 1e-12,
        f"the normals on the boundary of {called(domain)} have lengths that differ from 1 by up to "
        f"{off:.1e}: divide them by their length.",
    )


def normals_point_outward(domain: Domain) -> None:
    """A step against the normal leads inside, a step along it outside."""
    p = Sobol(400)(domain.boundary)
    size = STEP * min(1.0, extent(domain))
    step = size * _normals(p, domain)
    behind, ahead = domain.contains(p.positions - step), domain.contains(p.positions + step)
    # within the step of an edge between two parts either may fail
    share = float((behind & ~ahead).double().mean())
    inward = float((~behind & ahead).double().mean())
    require(
        share > 0.99,
        f"the normals of {called(domain)} do not point outward: a step of {size:g} against them "
        f"leads inside and one along them outside at {share:.1%} of the boundary only, the other "
        f"way round at {inward:.1%}.",
    )


def tolerance_moves_the_boundary(domain: Domain) -> None:
    """The boundary lies in the domain with a tolerance > 0, and outside with one < 0."""
    x = Sobol(200)(domain.boundary).positions
    t = 1e-9 * min(1.0, extent(domain))
    held = [float(domain.contains(x, sign * t).double().mean()) for sign in (1, -1)]
    require(
        held == [1.0, 0.0],
        f"`contains` of {called(domain)} holds {held[0]:.1%} of its boundary with tolerance "
        f"{t:.0e} and {held[1]:.1%} with {-t:.0e}, which should be all and nothing.",
    )


def _vector_field(p: Points) -> Vector:
    """A vector field without symmetry: sines, and polynomials of degree 2."""
    c = tuple(p)
    return Vector([sin(x + 0.5 * c[i - 1]) + x * c[0] - cos(c[-1]) for i, x in enumerate(c)])


def divergence_theorem(domain: Domain) -> None:
    """∫ div F dV = ∮ F·n dS, to rounding where Gauss-Legendre applies.

    Elsewhere Sobol points meet a jump, which leaves an error O(N^(−(d+1)/2d)) of the integral of
    the absolute value, and measures are known to their standard errors.
    """
    exact = all(piece.affine for piece in domain.pieces + domain.boundary.pieces)
    rule = GaussLegendre(12) if exact else Sobol(COUNT)
    inside, edge = rule(domain), rule(domain.boundary)
    source = _value(div(_vector_field(inside), *inside), inside) * inside.weights
    normals = _normals(edge, domain)
    parts = enumerate(_vector_field(edge))
    flow = torch.stack([_value(f, edge) * normals[:, i] for i, f in parts]).sum(0) * edge.weights
    size, d = float(source.abs().sum() + flow.abs().sum()), domain.dimension
    near = (1e-13 if exact else COUNT ** (-(d + 1) / (2 * d))) * size
    require(
        abs(source.sum() - flow.sum()) < near,
        f"the divergence theorem fails on {called(domain)}: ∫ div F = {float(source.sum()):.6g} "
        f"inside, but ∮ F·n = {float(flow.sum()):.6g} on its boundary, ± {near:.2g}.",
    )


def boundary_function_vanishes_there(domain: Domain) -> None:
    """φ is zero on the boundary and positive inside."""
    inside, edge = Sobol(200)(domain), Sobol(200)(domain.boundary)
    within, there = _boundary_function(domain, inside), _boundary_function(domain, edge)
    if within is None or there is None:
        return
    size = largest(_value(within, inside))
    off, least = largest(_value(there, edge)), float(_value(within, inside).min())
    require(
        off <= 1e-12 * max(size, 1.0),
        f"the boundary function of {called(domain)} is {off:.1e} on its boundary, where it should "
        f"be zero; inside it is up to {size:.2g}.",
    )
    require(
        least > 0,
        f"the boundary function of {called(domain)} is {least:.2g} at a point inside, where it "
        "should be positive.",
    )


def boundary_function_vanishes_nowhere_else(domain: Domain) -> None:
    """No zero is near the points well inside: φ/|∇φ| there is a share of the depth."""
    low, high = domain.bounds
    width = min(b - a for a, b in zip(low, high, strict=True))
    p = Sobol(1024)(domain)
    p = p.select(domain.contains(p.positions, -0.05 * width))
    jet = _boundary_function(domain, p)
    if jet is None or not len(p):
        return
    slopes = torch.stack([_part(jet, (i,), p) for i in range(len(p.axes))])
    nearest = float((_value(jet, p) / torch.linalg.vector_norm(slopes, dim=0)).min())
    require(
        nearest > 0.002 * width,
        f"the boundary function of {called(domain)} vanishes about {nearest:.1e} beside a point "
        f"that is {0.05 * width:.2g} away from all that is outside: it should be zero on the "
        "boundary alone.",
    )


def boundary_function_is_not_flat(domain: Domain) -> None:
    """φ has a slope at most of the boundary, so that a field times φ may have any there."""
    p = Sobol(400)(domain.boundary)
    jet = _boundary_function(domain, p)
    if jet is None:
        return
    slopes = torch.stack([_part(jet, (i,), p) for i in range(len(p.axes))])
    slope = float(torch.linalg.vector_norm(slopes, dim=0).median())
    require(
        slope > 0.03,
        f"the slope of the boundary function of {called(domain)} on its boundary is {slope:.1e} "
        "in the median: a field that it multiplies can hardly have one. Take a simple zero.",
    )


def boundary_function_has_its_derivatives(domain: Domain) -> None:
    """The parts of the jet of φ up to second order are the derivatives of its value."""
    p = Sobol(60)(domain)
    jet, d = _boundary_function(domain, p), len(domain.axes)
    if jet is None:
        return

    def value(x: Tensor) -> Tensor:
        return _value(_function(domain, Points(p.axes, x, p.weights)), p)[:, None]

    keys: set[Key] = {(i, j) for j in range(d) for i in range(j + 1)}
    plan = Plan.closing(keys)
    derivatives = autodiff.channels(value, p.positions, plan)[:, :, 0]
    laplacian = torch.stack([derivatives[plan.index[(i, i)]] for i in range(d)]).sum(0)
    for key, expected in (
        *zip(plan.keys, derivatives, strict=True),
        (Laplace(tuple(range(d))), laplacian),
    ):
        part = _part(jet, key, p)
        require(
            not differ(part, expected, 1e-9),
            f"the derivative {key} of the boundary function of {called(domain)} differs by up to "
            f"{largest(part - expected):.1e} from that of its value: compute with jets alone.",
        )


def _normals(p: Points, domain: Domain) -> Tensor:
    if p.normals is None:
        raise LawError(
            f"the boundary of {called(domain)} has no normals: let its chart return "
            "`Image(positions, normals)`."
        )
    return p.normals


def _part(jet: Jet, key: Key, p: Points) -> Tensor:
    return torch.as_tensor(jet.part(key), dtype=p.positions.dtype).expand(len(p))


def _value(jet: Jet, p: Points) -> Tensor:
    return _part(jet, (), p)


def _function(domain: Domain, p: Points) -> Jet:
    return domain.boundary.boundary_function(p)


def _boundary_function(domain: Domain, p: Points) -> Jet | None:
    """φ at p; None where none is known, which a domain is free to leave so."""
    try:
        return _function(domain, p)
    except DomainError:
        return None


BOUNDARY_LAWS: tuple[Law[Domain], ...] = (
    normals_are_unit,
    normals_point_outward,
    tolerance_moves_the_boundary,
    divergence_theorem,
    boundary_function_vanishes_there,
    boundary_function_vanishes_nowhere_else,
    boundary_function_is_not_flat,
    boundary_function_has_its_derivatives,
)
"""The laws of domains that are as wide as their space."""
