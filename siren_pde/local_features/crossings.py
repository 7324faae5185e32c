"""Where planes of jumps cross, and the powers of the distance that solutions there are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.polynomial import legendre
from scipy.linalg import block_diag, eigh
from torch import Tensor

from siren_pde.calculus.derivatives import Laplace
from siren_pde.calculus.points import Points
from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.evaluation import Rows
from siren_pde.fields.powers import Powers
from siren_pde.local_features.fluxes import Output, by_normal, flux_along
from siren_pde.local_features.jumps import bounds

COUNT = 3
"""Powers of a crossing; of four quarters they are α, 2 − α and 2 + α, and the rest are smooth."""
HIGHEST = 3.0
"""Higher powers are smooth enough."""
NEARBY = 1e-3
"""Coefficients are looked at so near to a crossing, beside the size of the domain."""
DEGREE = 16
"""Of the polynomials in the angle, in each quarter: exact to rounding for the powers wanted."""
SMOOTH = 1e-3
"""Powers that are nearer to whole numbers are those of smooth functions, or as good."""
QUARTERS = ((1, 1), (-1, 1), (-1, -1), (1, -1))
"""The signs of both coordinates, in the order of the angle."""
EQUAL = 1e-6
"""Coefficients of both axes that differ by less, beside their size, are the same."""


def powers_at_crossings(
    collocated: Collocated, planes: Sequence[Sequence[float]]
) -> dict[str, Powers]:
    """The singular points of each unknown of a plane problem div(a ∇u) = f, and its powers there.

    Around a point where pieces with different a meet, u = Σ rᵅ φ(θ) with (a φ′)′ + α² a φ = 0 on
    the circle. Nothing for unknowns without such points.

    Source: Kellogg, Applicable Analysis 4 (1974).
    """
    low, high = bounds(collocated)
    if len(low) != 2 or not all(planes):
        return {}
    points = torch.cartesian_prod(*(low.new_tensor(at) for at in planes)).view(-1, 2)
    signs = low.new_tensor(QUARTERS)
    around = points[:, None] + NEARBY * float((high - low).min()) * signs
    singular: dict[str, list[tuple[Tensor, Tensor]]] = {}
    for rows in collocated.rows:
        if rows.condition.domain.dimension == 2 and not rows.points.data:
            inside = rows.condition.domain.contains(around.view(-1, 2)).view(-1, 4).all(1)
            bound = flux_along(rows, 0)
            if bound is not None and bool(inside.any()):
                x = around[inside].view(-1, 2)
                for output, a in _largest(by_normal(bound, rows.points.axes, x, 0)).items():
                    alike = _isotropic(rows, x, output).view(-1, 4).all(1)
                    pairs = zip(points[inside][alike], a.view(-1, 4)[alike], strict=True)
                    each = [(at, exponents(k * k[0].sign())) for at, k in pairs if _one_sign(k)]
                    singular.setdefault(output[0], []).extend(p for p in each if len(p[1]))
    return {name: _padded(each) for name, each in singular.items() if each}


def _one_sign(a: Tensor) -> bool:
    return bool((a * a[0] > 0).all())


def _largest(fluxes: list[dict[Output, Tensor]]) -> dict[Output, Tensor]:
    """The coefficients (n,) of outputs, each in the flux that it belongs to."""
    out: dict[Output, Tensor] = {}
    for own in fluxes:
        if own:
            output = max(own, key=lambda o: float(own[o].abs().sum()))
            if output not in out or float(own[output].abs().sum()) > float(out[output].abs().sum()):
                out[output] = own[output]
    return out


def _isotropic(rows: Rows, x: Tensor, output: Output) -> Tensor:
    """Where (n,) a residual is a multiple of the Laplacian of an output, to highest order."""
    name, o = output
    points = Points(rows.points.axes, x, torch.ones_like(x[:, 0]))
    bound = rows.residual
    ones = {site: torch.ones_like(c) for site, c in bound.zero_channels(points).items()}
    _, seeds = bound.seeds(bound.structure, points, ones)
    best = x.new_zeros((3, len(x)))
    for seed in seeds:
        by = x.new_zeros((3, len(x)))
        for site, s in seed.items():
            if site.network == name:
                for key, own in zip(bound.plans[site].keys, s[:, :, o], strict=True):
                    if isinstance(key, Laplace):
                        by[[2 * i for i in key.axes]] += own
                    elif len(key) == 2:
                        by[sum(key)] += own
        best = by if float(by.abs().sum()) > float(best.abs().sum()) else best
    along_x, mixed, along_y = best
    apart = torch.maximum((along_x - along_y).abs(), mixed.abs())
    alike: Tensor = apart <= EQUAL * along_x.abs()
    return alike


def exponents(a: Tensor) -> Tensor:
    """The smallest powers (J,) that are not whole numbers for a (4,) in the quarters of a plane."""
    quarter = np.pi / 2
    nodes, weights = legendre.leggauss(DEGREE + 1)
    ends = legendre.legder([0.0] * DEGREE + [1.0])
    at = np.concatenate([[-1.0], np.sort(legendre.legroots(ends).real), [1.0]])
    inverse = np.linalg.inv(legendre.legvander(at, DEGREE))
    value = legendre.legvander(nodes, DEGREE) @ inverse
    slope = legendre.legvander(nodes, DEGREE - 1) @ legendre.legder(inverse)
    mass = (value.T * weights) @ value * (quarter / 2)
    stiff = (slope.T * weights) @ slope * (2 / quarter)
    joined = np.zeros((4 * (DEGREE + 1), 4 * DEGREE))
    for i in range(4):
        rows = i * (DEGREE + 1) + np.arange(DEGREE + 1)
        joined[rows, (i * DEGREE + np.arange(DEGREE + 1)) % (4 * DEGREE)] = 1.0
    stiff, mass = (
        joined.T @ block_diag(*(float(each) * m for each in a)) @ joined for m in (stiff, mass)
    )
    powers = np.sqrt(np.clip(eigh(stiff, mass, eigvals_only=True), 0.0, None))
    kept = powers[
        (np.abs(powers - np.round(powers)) > SMOOTH) & (powers > SMOOTH) & (powers < HIGHEST)
    ]
    return a.new_tensor(kept[:COUNT])


def _padded(each: list[tuple[Tensor, Tensor]]) -> Powers:
    """The points, each once, with equally many powers; whole numbers are added where it has few."""
    count = max(len(powers) for _, powers in each)
    points = torch.stack([at for at, _ in each])
    rows = [torch.cat([p, p.new_tensor(range(1, 1 + count - len(p)))]) for _, p in each]
    return Powers(points, torch.stack(rows))
