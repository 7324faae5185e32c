"""How fast an affine evolution varies: the waves in its data, and how its equation turns them.

Along a line, data that Chebyshev polynomials resolve to degree n hold waves of κ radians per
half-length with n ≈ κ + 7.3 κ^⅓. A wave e^(ikx) evolves like e^(λt), where λ makes the symbol of
the equation singular.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from scipy.fft import dct
from scipy.linalg import eigvals
from torch import Tensor

from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.calculus.points import Points
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.expression import Site
from siren_pde.collocation.frequencies import NEGLIGIBLE
from siren_pde.collocation.objective import Objective
from siren_pde.collocation.residual import BoundResidual
from siren_pde.fields.base import Field
from siren_pde.random_features.evolution import Evolution
from siren_pde.random_features.features import half_lengths

LINES, NODES = 8, 1025
"""Lines along each axis on which data are looked at, and Chebyshev points of each."""
LEVELS = (1e-10, 1e-6, 1e-3)
"""What is neglected of the coefficients: the first that leaves a tail."""
INFINITE = 1e12
"""Rates above this, times the largest wavenumber, belong to equations without ∂/∂t."""
STEADY = 1e-10
"""Coefficients that change less than this, relative to the largest, are independent of time."""


# ── the waves in the data ─────────────────────────────────────────────────────────────────────


def wavenumbers(objective: Objective, evolution: Evolution | None) -> tuple[float, ...]:
    """Radians per unit length of the highest waves along each axis: those in the data, and in
    time those that the equation makes of them.
    """
    half = half_lengths(objective)
    highest = [k / s for k, s in zip(data_wavenumbers(objective), half, strict=True)]
    if evolution is not None:
        time = evolution.axis
        highest[time] = max(highest[time], rate(objective, time, highest))
    return tuple(max(k, 1 / s) for k, s in zip(highest, half, strict=True))


def data_wavenumbers(objective: Objective) -> list[float]:
    """The highest wavenumber (radians per half-length) along each axis in all data; 0 for none."""
    sides = list(zip(*objective.collocated.problem.bounds, strict=True))
    highest = [0.0] * len(sides)
    measured = [
        (axis, *_degree(rows, objective.field, axis, side))
        for rows in objective.collocated.rows
        for axis, side in enumerate(sides)
        if not rows.points.data and _spread(rows.points.positions[:, axis]) > 0
    ]
    largest = max((size for _, size, _ in measured), default=0.0)
    for axis, size, degree in measured:
        if size > NEGLIGIBLE * largest:
            highest[axis] = max(highest[axis], _wavenumber(degree))
    return highest


def _spread(x: Tensor) -> float:
    return float(x.max() - x.min())


def _degree(rows: Rows, field: Field, axis: int, side: tuple[float, float]) -> tuple[float, int]:
    """The size of a condition's data, and the Chebyshev degree that resolves them along an axis."""
    low, high = side
    some = _some(rows.points)
    each = torch.arange(LINES, device=some.positions.device)
    lines = some.select(each.repeat_interleave(NODES))
    nodes = np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
    positions = lines.positions.clone()
    positions[:, axis] = low + (high - low) / 2 * (1 + positions.new_tensor(nodes).repeat(LINES))
    at = replace(lines, positions=positions)
    values = rows.residual.zero_field_residual(field, at).view(LINES, NODES, -1)
    values = values[torch.isfinite(values).all(2).all(1)]
    if not len(values):
        return 0.0, 0
    sizes = np.abs(dct(values.cpu().double().numpy(), axis=1)).max(axis=(0, 2)) / NODES
    for level in LEVELS:
        degree = int(np.flatnonzero(sizes >= level * sizes.max())[-1])
        if degree < 0.9 * NODES:
            break
    return float(sizes.max()), degree


def _wavenumber(degree: int) -> float:
    """κ with κ + 7.3 κ^⅓ = degree."""
    low, high = 0.0, float(degree)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if middle + 7.3 * middle ** (1 / 3) < degree else (low, middle)
    return low


# ── the symbol of the equation ────────────────────────────────────────────────────────────────


def rate(objective: Objective, time: int, wavenumbers: Sequence[float]) -> float:
    """The largest |λ| of waves e^(ikx + λt) with k up to `wavenumbers` (radians per unit length).

    0 where equations and unknowns are not equally many.
    """
    interior = objective.collocated.interior
    symbols = [_local(_symbol(r.residual, objective.field, r.points)) for r in interior]
    columns = list(dict.fromkeys(column for symbol in symbols for _, column in symbol))
    space = [k if axis != time else 0.0 for axis, k in enumerate(wavenumbers)]
    alone = [[k if i == axis else 0.0 for i in range(len(space))] for axis, k in enumerate(space)]
    worst = 0.0
    for k in [space, *alone]:
        powers = _powers(symbols, columns, time, k)
        if powers.shape[2] != powers.shape[3]:
            return 0.0
        for matrices in powers.transpose(1, 0, 2, 3):
            sizes = np.abs(_roots(matrices))
            small = sizes[sizes < INFINITE * max(1.0, *space)]
            worst = max(worst, float(small.max(initial=0.0)))
    return worst


Column = tuple[Site, int]
Symbol = dict[tuple[Key, Column], Tensor]
Complexes = npt.NDArray[np.complex128]


def _some(points: Points) -> Points:
    """A few of the points, as many apart from each other."""
    each = torch.arange(LINES, device=points.positions.device)
    return points.select(each * len(points) // LINES)


def _symbol(residual: BoundResidual, field: Field, points: Points) -> Symbol:
    """The derivatives (n, m) of a residual by each channel of each output, at a few points."""
    some = _some(points)
    _, seeds = residual.seeds(field, some, residual.zero_channels(some))
    symbol = {}
    for site, plan in residual.plans.items():
        for channel, key in enumerate(plan.keys):
            for output in range(field.networks()[site.network].outputs):
                parts = [seed[site][channel, :, output] for seed in seeds]
                symbol[key, (site, output)] = torch.stack(parts, 1)
    return symbol


def _local(symbol: Symbol) -> Symbol:
    """What concerns the points themselves: unknowns elsewhere are no waves in phase with them."""
    return {(key, column): seed for (key, column), seed in symbol.items() if not column[0].place}


def _powers(symbols: list[Symbol], columns: list[Column], time: int, k: list[float]) -> Complexes:
    """The matrices (n, m, u) of the powers of λ at a wavevector, stacked."""
    rows = []
    for symbol in symbols:
        first = next(iter(symbol.values()))
        total = np.zeros((5, *first.shape, len(columns)), complex)
        for (key, column), seed in symbol.items():
            for power, factor in _monomials(key, time, k):
                total[power, :, :, columns.index(column)] += factor * seed.cpu().numpy()
        rows.append(total)
    whole = np.concatenate(rows, axis=2)
    used = np.flatnonzero(np.abs(whole).max(axis=(1, 2, 3)))
    return whole[: used.max(initial=0) + 1]


def _monomials(key: Key, time: int, k: list[float]) -> Iterator[tuple[int, complex]]:
    """A derivative as powers of λ, each with its factor."""
    for alpha in [(i, i) for i in key.axes] if isinstance(key, Laplace) else [key]:
        others = [1j * k[i] for i in alpha if i != time]
        yield alpha.count(time), complex(np.prod(others))


def _roots(matrices: Complexes) -> Complexes:
    """λ where Σ λᵖ Mₚ is singular, by its companion pencil."""
    order, size = len(matrices) - 1, matrices.shape[1]
    if order == 0:
        return np.zeros(0, complex)
    a, b = np.eye(order * size, dtype=complex), np.eye(order * size, dtype=complex)
    a = np.roll(a, size, axis=1)
    a[-size:] = -np.concatenate(list(matrices[:-1]), axis=1)
    b[-size:, -size:] = matrices[-1]
    values: Complexes = eigvals(a, b)
    return values[np.isfinite(values)]


def steady(objective: Objective, evolution: Evolution) -> bool:
    """Whether no coefficient of any condition, and no other place in it, depends on time."""
    for rows in objective.collocated.rows:
        first: Symbol = {}
        places: Tensor | None = None
        for share in (0.0, 0.31, 0.73):
            positions = rows.points.positions.clone()
            positions[:, evolution.axis] = evolution.low + share * (evolution.high - evolution.low)
            points = replace(rows.points, positions=positions)
            symbol = _symbol(rows.residual, objective.field, points)
            first = first or symbol
            seen = torch.stack(rows.residual.positions(objective.field, points)[1:] or [positions])
            seen[..., evolution.axis] = 0.0
            places = seen if places is None else places
            if float((seen - places).abs().max()) > STEADY * (1 + float(places.abs().max())):
                return False
            size = max(float(seed.abs().max()) for seed in first.values())
            pairs = zip(first.values(), symbol.values(), strict=True)
            if any(float((a - b).abs().max()) > STEADY * size for a, b in pairs):
                return False
    return True
