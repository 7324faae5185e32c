"""Tabulated coefficients: splines through values at nodes, as functions of jets."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siren_pde.calculus.comparisons import note_branch
from siren_pde.calculus.derivatives import Key, Part, is_zero, multiply, partitions, total
from siren_pde.calculus.jets import Jet, as_jet
from siren_pde.calculus.vectors import Component
from siren_pde.errors import ConfigError, ResidualError

if TYPE_CHECKING:
    from scipy.interpolate import BSpline

CUBIC = 3
"""The degree of the splines: the lowest with continuous second derivatives, as `lap` takes them."""
AXES = 3
"""The most coordinates of a table: each multiplies the work by `CUBIC` + 1."""

Array = npt.NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Nodes:
    """The nodes of a table along one axis, and the B-splines of some degree that they carry.

    Between breaks j and j + 1 the B-splines j to j + degree are polynomials: `pieces[j, i]` holds
    the coefficients of the i-th of them, lowest power first, in the distance from break j.
    """

    low: float
    high: float
    breaks: Tensor
    pieces: Tensor

    @staticmethod
    def of(spline: BSpline) -> Nodes:
        """The axis of a spline that interpolates."""
        t, degree = spline.t, spline.k
        breaks = t[degree : len(t) - degree]
        pieces = _polynomials(t, degree)
        return Nodes(float(breaks[0]), float(breaks[-1]), _tensor(breaks), _tensor(pieces))

    def basis(self, v: Tensor, order: int) -> tuple[Tensor, Tensor]:
        """The first B-spline at each of v (n,), and the derivatives (n, degree + 1) from it on.

        Beyond the nodes they are those of a function that stays constant.
        """
        breaks, pieces = self.breaks.to(v), self.pieces.to(v)
        inside = v.clamp(self.low, self.high)
        j = torch.searchsorted(breaks[1:-1].contiguous(), inside.detach().contiguous(), right=True)
        past, polynomials = inside - breaks[j], pieces[j]
        degree = polynomials.shape[2] - 1
        values = torch.zeros_like(polynomials[..., 0])
        for power in range(degree, order - 1, -1):
            slope = polynomials[..., power] * math.perm(power, order)
            values = values * past[:, None] + slope
        if order:
            values = values * ((v >= self.low) & (v <= self.high))[:, None]
        return j, values


@final
@dataclass(frozen=True, eq=False)
class Table:
    """What `interpolated` makes: a spline in one to three variables, called like a function.

    `coefficients` has an axis for each variable.
    """

    axes: tuple[Nodes, ...]
    coefficients: Tensor

    def __call__(self, *arguments: Component) -> Component:
        """Its values at jets, numbers or tensors (n,), one for each variable.

        Raises ResidualError for another number of them, and for vectors.
        """
        jets = [as_jet(each) for each in arguments]
        if len(jets) != len(self.axes) or any(jet is NotImplemented for jet in jets):
            seen = ", ".join(type(each).__name__ for each in arguments)
            raise ResidualError(
                f"this table is a function of {len(self.axes)} scalars, each a coordinate, a field "
                f"with one output, a number or a tensor of shape (n,); got ({seen})."
            )
        if any(jet.from_field for jet in jets):
            note_branch("a table")
        value = Tabulated(self, jets)
        return value if any(isinstance(each, Jet) for each in arguments) else value.value

    def derivative(self, values: Sequence[Part], orders: Sequence[int]) -> Part:
        """∂^orders of the spline where its variables have these values, each (n,) or a number."""
        like = next((v for v in values if isinstance(v, Tensor)), self.coefficients)
        flat = [torch.as_tensor(v).to(like).reshape(-1) for v in values]
        n = max(len(v) for v in flat)
        flat = [v.expand(n) for v in flat]
        first, weights = zip(
            *(nodes.basis(v, k) for nodes, v, k in zip(self.axes, flat, orders, strict=True)),
            strict=True,
        )
        coefficients, result = self.coefficients.to(like), torch.zeros_like(flat[0])
        for offsets in itertools.product(*(range(w.shape[1]) for w in weights)):
            index = tuple(j + i for j, i in zip(first, offsets, strict=True))
            term = coefficients[index]
            for w, i in zip(weights, offsets, strict=True):
                term = term * w[:, i]
            result = result + term
        tensors = [v for v in values if isinstance(v, Tensor)]
        if tensors:
            return result if any(v.ndim for v in tensors) else result[0]
        return float(result)


@final
class Tabulated(Jet):
    """A table of jets, by Faà di Bruno's rule in several variables."""

    def __init__(self, table: Table, inner: Sequence[Jet]) -> None:
        self.table, self.inner = table, inner
        self.frame = next((jet.frame for jet in inner if jet.frame), ())
        self.from_field = any(jet.from_field for jet in inner)
        self.outer: dict[tuple[int, ...], Part] = {}

    def _part(self, key: Key) -> Part:
        variables = range(len(self.inner))
        return total(
            self._term(count, blocks, chosen)
            for count, blocks in partitions(key)
            for chosen in itertools.product(variables, repeat=len(blocks))
        )

    def _term(self, count: int, blocks: tuple[Key, ...], chosen: tuple[int, ...]) -> Part:
        term: Part = float(count)
        for block, i in zip(blocks, chosen, strict=True):
            term = multiply(term, self.inner[i].part(block))
        if is_zero(term):
            return 0.0
        orders = tuple(chosen.count(i) for i in range(len(self.inner)))
        if orders not in self.outer:
            values = [jet.value for jet in self.inner]
            self.outer[orders] = self.table.derivative(values, orders)
        return multiply(term, self.outer[orders])


def interpolated(*columns: npt.ArrayLike, degree: int = CUBIC) -> Table:
    """A table as a function: `k = interpolated(temperatures, conductivities)`, then `k(u)`.

    `interpolated(x, values)` takes nodes x (n,) in rising order and values (n,); on grids,
    `interpolated(x, y, values)` values (n, m), and three nodes' lists values (n, m, l). The result
    is called with jets, numbers or tensors, `k(u)`, `k(p.x)` or `k(p.x, p.y)`, follows their
    precision and device, and has derivatives in the chain rule up to its degree. It is the spline
    of this `degree` through all values: 3, smooth, with the not-a-knot condition at the ends; 1,
    straight between nodes, for data with kinks, where cubics overshoot; 0, constant between nodes,
    for pieces: n nodes are the edges of n − 1 values. Fewer than degree + 1 nodes lower it.

    Beyond the nodes the value stays that of the last one, with zero slope: iterates of a solve pass
    there on their way, and a conductivity stays positive; see that the table reaches as far as the
    domain and the solution do. Raises ConfigError for nodes that do not rise, NaN,
    fewer than two nodes, and shapes that differ.

    Source: de Boor, A Practical Guide to Splines, 1978; tensor products, chapter XVII.
    """
    from scipy.interpolate import BSpline, make_interp_spline

    *nodes, values = (_column(each) for each in columns)
    _check(nodes, values, degree)
    coefficients, axes = values, []
    if not degree:
        return Table(tuple(Nodes.of(BSpline(x, x[:-1], 0)) for x in nodes), _tensor(values))
    for axis, x in enumerate(nodes):
        spline = make_interp_spline(x, coefficients, k=min(degree, len(x) - 1), axis=axis)
        axes.append(Nodes.of(spline))
        coefficients = np.moveaxis(spline.c, 0, axis)
    return Table(tuple(axes), _tensor(coefficients))


def _polynomials(t: Array, degree: int) -> Array:
    """The B-splines of knots t between each two breaks, as `Nodes.pieces`, by Cox and de Boor."""
    knot = np.arange(degree, len(t) - degree - 1)
    start = t[knot]
    pieces = np.zeros((len(knot), degree + 1, degree + 1))
    pieces[:, 0, 0] = 1.0
    for k in range(1, degree + 1):
        lower, pieces = pieces, np.zeros_like(pieces)
        risen = np.zeros_like(lower)
        risen[..., 1:] = lower[..., :-1]
        for r in range(k):  # what the r-th of one degree less gives to two of degree k
            first, last = t[knot - k + 1 + r], t[knot + 1 + r]
            share = (risen[:, r] + (start - first)[:, None] * lower[:, r]) / (last - first)[:, None]
            pieces[:, r + 1] += share
            pieces[:, r] += lower[:, r] - share
    return pieces


def _column(values: npt.ArrayLike) -> Array:
    """A column of a table in double precision. Raises ConfigError for what is no number."""
    try:
        array = values.detach().cpu().numpy() if isinstance(values, Tensor) else values
        return np.array(array, dtype=np.float64)
    except (TypeError, ValueError) as cause:
        raise ConfigError(
            f"`interpolated` takes lists, arrays or tensors of numbers, got {type(values).__name__}"
            f" ({cause}). Write `interpolated([0, 1, 2], [1.0, 1.5, 1.7])`, and call the result "
            "with coordinates or fields."
        ) from cause


def _check(nodes: Sequence[Array], values: Array, degree: int) -> None:
    """Raise ConfigError unless the columns are a table."""
    if not 1 <= len(nodes) <= AXES or degree not in (0, 1, CUBIC):
        raise ConfigError(
            f"`interpolated(x, values)` takes nodes for one to {AXES} coordinates and then values, "
            f"and degree=0, 1 or {CUBIC}; got {len(nodes)} columns of nodes and degree={degree}."
        )
    for i, x in enumerate(nodes):
        where = f"the nodes of `interpolated`, argument {i + 1},"
        if x.ndim != 1 or len(x) < 2:
            raise ConfigError(
                f"{where} have shape (n,) with n ≥ 2, got {x.shape}. Of a mesh grid give one row "
                "or column."
            )
        if not np.isfinite(x).all():
            raise ConfigError(f"{where} hold NaN or infinity. Leave these rows of the table out.")
        steps = np.diff(x)
        if not (steps > 0).all():
            j = int(np.argmin(steps > 0))
            fault = "are repeated" if steps[j] == 0 else "fall"
            raise ConfigError(
                f"{where} {fault} from entry {j} to {j + 1} ({x[j]:g}, {x[j + 1]:g}); they have to "
                "rise. Sort the table by them, and give a jump by `where`, or pieces by degree=0."
            )
    shape, wanted = values.shape, tuple(len(x) - (degree == 0) for x in nodes)
    if shape != wanted:
        entry = "node," if degree else "piece between nodes, as degree=0,"
        raise ConfigError(
            f"the values of `interpolated` have one entry for each {entry} shape {wanted}, got "
            f"{shape}. On a grid values[i, j] belongs to (x[i], y[j])."
        )
    if not np.isfinite(values).all():
        raise ConfigError(
            "the values of `interpolated` hold NaN or infinity. Leave these rows of the table out, "
            "or fill them first."
        )


def _tensor(array: Array) -> Tensor:
    return torch.tensor(array, dtype=torch.float64, device="cpu")
