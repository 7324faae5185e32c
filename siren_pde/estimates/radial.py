"""A function with given values on a boundary, and its energy: sᵐ times them, along rays."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.quadrature import Sobol
from siren_pde.domains.base import Domain
from siren_pde.errors import ConfigError
from siren_pde.estimates.integrals import Integral, integrated

CENTRES, SEEN = 256, 512
"""Points inside from which the boundary may be seen, and points of it that are looked at."""
DIGITS = 0.1
"""The relative error of the integrals, which is added to them."""
POWERS = 400
"""Powers m that are tried, from 1 to 10⁴."""


def lifted_energy(misfit: Callable[[Points], Tensor], domain: Domain) -> float:
    """∫ |∇h|² of a function h on a domain that has the values δ on its boundary.

    `misfit` gives δ and ∇δ (n, 1 + d) at points of the boundary, of which only the part along it
    matters. With c a point that sees all of the boundary, h(c + s (ξ − c)) = sᵐ δ(ξ), for the best
    m. Its gradient at s has the tangential part sᵐ⁻¹ ∇ₜδ and the normal part
    sᵐ⁻¹ (m δ − aₜ·∇ₜδ)/(a·n), where a = ξ − c, and volumes are s^(d−1) (a·n) ds dξ.

    Raises ConfigError where there is no such point.
    """
    centre = _centre(domain)
    d = len(domain.axes)
    if centre is None:
        if float(misfit(Sobol(SEEN)(domain.boundary))[:, 0].abs().max()) == 0.0:
            return 0.0
        raise ConfigError(
            f"no point of {domain!r} is known to see its whole boundary, which the bounds of a "
            "solution with errors on the boundary need. Hold its values exactly, by "
            "`Ansatz(…, vanishing_on=domain.boundary)`."
        )

    def terms(p: Points) -> Tensor:
        assert p.normals is not None
        at, normal = misfit(p), p.normals
        delta, slope = at[:, 0], at[:, 1:]
        a = p.positions - centre
        height = (a * normal).sum(1)
        along = slope - (slope * normal).sum(1, keepdim=True) * normal
        drift = (a * along).sum(1)
        first = height * along.square().sum(1) + drift**2 / height
        return torch.stack([first, delta**2 / height, -2 * delta * drift / height], dim=1)

    total = integrated(terms, domain.boundary, enough=_enough)
    constant, square, linear = (total.values + total.errors).tolist()
    powers = torch.logspace(0, 4, POWERS, dtype=torch.float64)
    energies = (constant + square * powers**2 + linear * powers) / (2 * powers + d - 2)
    return max(float(energies.min()), 0.0)


def _enough(total: Integral) -> bool:
    errors, values = total.errors[:2], total.values[:2]
    return bool((errors <= DIGITS * values).all())


def _centre(domain: Domain) -> Tensor | None:
    """The point inside from which the boundary is seen least at a slant; None if it is hidden from
    all.
    """
    seen, inside = Sobol(SEEN)(domain.boundary), Sobol(CENTRES)(domain).positions
    if seen.normals is None:
        return None
    low, high = (torch.tensor(c, dtype=inside.dtype) for c in domain.bounds)
    candidates = torch.cat([inside, ((low + high) / 2)[None]])
    normals = seen.normals
    heights = (seen.positions * normals).sum(1) - candidates @ normals.T
    lowest = heights.amin(1)
    best = int(lowest.argmax())
    if not math.isfinite(float(lowest[best])) or float(lowest[best]) <= 0:
        return None
    return candidates[best]
