"""Integrals over domains with their own error: product rules where charts are smooth, else Sobol.

A product rule is refined until the error no longer matters to whoever asks. Where it does not come
that far, as on domains known by a membership test alone, randomised Sobol points give a standard
error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.quadrature import Sobol
from siren_pde.domains.base import Domain, Piece
from siren_pde.domains.polygon import Polygon
from siren_pde.domains.product import ProductPiece
from siren_pde.domains.triangulation import area, triangles

Integrand = Callable[[Points], Tensor]
"""Values (n, m) at n points."""
Cuts = Mapping[str, Sequence[float]]
"""Values of coordinates where integrands may jump."""
Nodes = tuple[Tensor, Tensor]
"""Nodes (n, k) in the unit cube, and weights (n,) that sum to one."""

FIRST = {1: 32, 2: 16, 3: 10, 4: 6}
"""Nodes along every axis, by the number of axes: enough for a wave or two."""
MOST, LONGEST = 2**17, 512
"""Nodes at most, and along one axis: 256 × 256 of them resolve what answers do; the time for the
nodes of a line grows like their cube.
"""
SMOOTH = 1e-6
"""Where a product rule has come so near, beside the absolute value, Sobol points do not help."""
SEEDS, DRAWN = 8, (2**12, 2**14)
"""How often Sobol points are drawn anew, for two digits of the standard error, and how many."""
BETWEEN = 4
"""Nodes between two cuts, at least."""
SEED = 20011
"""The first seed of those points, which no method takes."""
ROUNDING = 4 * torch.finfo(torch.float64).eps
"""The rounding error of a sum, beside the integral of the absolute value."""


@dataclass(frozen=True)
class Integral:
    """Integrals (m,) of several functions, the errors (m,) of the rule that found them, and the
    integrals (m,) of absolute values.
    """

    values: Tensor
    errors: Tensor
    sizes: Tensor


Enough = Callable[[Integral], bool]


def integrated(
    f: Integrand, domain: Domain, *, enough: Enough, cuts: Cuts | None = None
) -> Integral:
    """∫ f over a domain, over a cloud the mean, refined until `enough` or affordable."""
    data = domain.data_points
    if data is not None:
        data = data.to(dtype=torch.float64, device="cpu")
        values = f(data)
        total, size = _sums(values, data.weights)
        return Integral(total, ROUNDING * size, size)
    smooth = _refined(f, domain, enough, cuts or {})
    if smooth is not None and (enough(smooth) or _near(smooth)):
        return smooth
    drawn = _randomised(f, domain, enough)
    if smooth is None or float(drawn.errors[0]) < float(smooth.errors[0]):
        return drawn
    return smooth


def _near(total: Integral) -> bool:
    return float(total.errors[0]) <= SMOOTH * float(total.sizes[0])


def _sums(values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    w = weights[:, None]
    return (w * values).sum(0), (w * values).abs().sum(0)


def _refined(f: Integrand, domain: Domain, enough: Enough, cuts: Cuts) -> Integral | None:
    """By product rules with twice as many nodes each time; None where there are none."""
    widest = max(piece.inputs for piece in domain.pieces)
    n, last, best = FIRST.get(widest, 0) or 1, None, None
    if widest not in FIRST and widest:
        return None
    while True:
        p = product_points(domain, n, cuts)
        if p is None:
            return None
        total, size = _sums(f(p), p.weights)
        if last is not None:
            best = Integral(total, (total - last).abs() + ROUNDING * size, size)
            if enough(best):
                return best
        elif not widest:
            return Integral(total, ROUNDING * size, size)
        last = total
        if best is not None and (len(p) * 2**widest > MOST or 2 * n > LONGEST):
            return best
        n *= 2


def _randomised(f: Integrand, domain: Domain, enough: Enough) -> Integral:
    """By Sobol points that are scrambled anew several times, with the standard error of the mean.

    The error of the domain's measure is added.
    """
    unknown = domain.standard_error / domain.measure if domain.measure else 0.0
    for n in DRAWN:
        each = []
        for k in range(SEEDS):
            p = Sobol(n)(domain, seed=SEED + k)
            each.append(torch.stack(_sums(f(p), p.weights)))
        totals, sizes = torch.stack(each).unbind(1)
        total, size = totals.mean(0), sizes.mean(0)
        spread = totals.std(0) / math.sqrt(SEEDS)
        best = Integral(total, spread + unknown * total.abs() + ROUNDING * size, size)
        if enough(best):
            break
    return best


def product_points(domain: Domain, n: int, cuts: Cuts) -> Points | None:
    """The points of a product rule with n nodes along every axis of every piece.

    None where a piece is known by rejection only.
    """
    parts = []
    for piece in domain.pieces:
        u, w = _nodes(piece, n, cuts)
        image = piece.chart(u)
        if image.kept is not None:
            return None
        parts.append(replace(piece.points(image), weights=piece.measure * w))
    return Points.concatenate(parts)


def _nodes(piece: Piece, n: int, cuts: Cuts) -> Nodes:
    """Nodes in unit coordinates, made so that smooth functions are smooth in what they are."""
    if piece.affine:
        return _product([_line(n, ends) for ends in _ends(piece, cuts)])
    if isinstance(piece, ProductPiece):
        return _beside(_nodes(piece.first, n, cuts), _nodes(piece.second, n, cuts))
    if isinstance(piece, Polygon):
        return _triangular(piece, n)
    lines = [_line(n, (0.0, 1.0)) for _ in range(piece.inputs)]
    # equal volumes: the first coordinate is a power of a distance, whose root is not smooth
    lines[0] = _power(lines[0], piece.dimension)
    return _product(lines)


def _triangular(piece: Polygon, n: int) -> Nodes:
    """Nodes on each of the triangles that the first coordinate chooses among.

    They are dense at corners, where solutions are as rough as r^(1/2).
    """
    sizes = [abs(area(corners)) for corners in triangles(piece.vertices)]
    start, parts, line = 0.0, [], _graded(_line(n, (0.0, 1.0)))
    along = _power(line, 2)
    for size in sizes:
        share = size / math.fsum(sizes)
        parts.append(_product([(start + share * along[0], share * along[1]), line]))
        start += share
    return torch.cat([u for u, _ in parts]), torch.cat([w for _, w in parts])


def _power(line: Nodes, k: int) -> Nodes:
    """The rule for u = vᵏ, in which k-th roots of u are smooth."""
    v, w = line
    return v**k, k * v[:, 0] ** (k - 1) * w


def _graded(line: Nodes) -> Nodes:
    """The rule for u = v³ (10 − 15 v + 6 v²), which begins and ends like a third power."""
    v, w = line
    return v**3 * (10 - 15 * v + 6 * v**2), 30 * (v[:, 0] * (1 - v[:, 0])) ** 2 * w


def _ends(piece: Piece, cuts: Cuts) -> list[tuple[float, ...]]:
    """Along each unit coordinate of an affine chart: 0, where the cuts lie, 1."""
    corners = torch.cat([torch.zeros(1, piece.inputs), torch.eye(piece.inputs)]).double()
    start, *ends = piece.chart(corners).positions
    lines = []
    for end in ends:
        inner: set[float] = set()
        for name, values in cuts.items():
            i = piece.axes.index(name)
            low, slope = float(start[i]), float(end[i] - start[i])
            if slope:
                inner |= {(value - low) / slope for value in values}
        lines.append((0.0, *sorted(s for s in inner if 0 < s < 1), 1.0))
    return lines


def _line(n: int, ends: Sequence[float]) -> Nodes:
    """Gauss and Legendre's rule on (0, 1), between every two ends by itself."""
    x, w = _gauss(max(math.ceil(n / (len(ends) - 1)), min(n, BETWEEN)))
    low, high = (torch.tensor(e, dtype=torch.float64) for e in (ends[:-1], ends[1:]))
    width = (high - low)[:, None]
    return (low[:, None] + width * x).reshape(-1, 1), (width * w).flatten()


def _product(lines: Sequence[Nodes]) -> Nodes:
    u, w = torch.zeros((1, 0), dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    for line in lines:
        u, w = _beside((u, w), line)
    return u, w


def _beside(a: Nodes, b: Nodes) -> Nodes:
    """All pairs of two rules."""
    (u, w), (v, z) = a, b
    pairs = torch.cat([u.repeat_interleave(len(v), 0), v.repeat(len(u), 1)], dim=1)
    return pairs, (w[:, None] * z).flatten()


@lru_cache(maxsize=64)
def _gauss(n: int) -> Nodes:
    x, w = np.polynomial.legendre.leggauss(n)
    return torch.tensor((x + 1) / 2), torch.tensor(w / 2)
