"""A slice of a solution: values on a grid along one or two coordinates, the others held fixed."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Expression, stacked
from siren_pde.collocation.residual import evaluate
from siren_pde.domains.base import Domain
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field
from siren_pde.fields.system import Unknown, parts
from siren_pde.optimisers.reached import Reached
from siren_pde.problem import Problem
from siren_pde.references import Reference

Floats = npt.NDArray[np.float64]

ALONG_LINE = 801
ALONG_PLANE = 257


class Fitted(Protocol):
    """A fitted field and the problem that it solves."""

    @property
    def field(self) -> Field:
        """The fitted field."""
        ...

    @property
    def problem(self) -> Problem | None:
        """What it solves."""
        ...

    @property
    def part(self) -> Reached | None:
        """What is solved, None if that is everything."""
        ...

    def points(self, x: Tensor) -> Points:
        """Positions (n, d) as points in the field's precision."""
        ...

    def home(self, unknown: str) -> Domain:
        """Where an unknown lives."""
        ...


@dataclass(frozen=True, eq=False)
class Output:
    """One component of one unknown on the grid, NaN outside the domain and where not solved.

    `index` counts the components of a vector from 1; it is 0 for a scalar.
    """

    name: str
    index: int
    values: Floats
    exact: Floats | None


@dataclass(frozen=True, eq=False)
class Slice:
    """Values along the coordinates `axes`, the last of them varying fastest: shape (n,) or (n, m).

    `ticks` are the coordinates of the grid, `fixed` the values of all other coordinates. `truth`
    says what solutions are compared with, `part` what is solved.
    """

    axes: tuple[str, ...]
    ticks: tuple[Floats, ...]
    fixed: Mapping[str, float]
    outputs: tuple[Output, ...]
    truth: str = "exact"
    part: Reached | None = None


def slice_of(solution: Fitted, at: Mapping[str, float] | None = None) -> Slice:
    """The slice where the coordinates have the values `at`.

    If more than two coordinates are left, the middle of the domain is taken along the last of them,
    time first of all, and no later time than is solved. Raises ConfigError if no domain is known of
    the solution, if `at` names no coordinate or leaves none, or if the slice misses the domain.
    """
    functions = {n: f for n, f in parts(solution.field).items() if not isinstance(f, Unknown)}
    homes = {name: solution.home(name) for name in functions}
    widest = max(home.dimension for home in homes.values())
    wide = {name: home for name, home in homes.items() if home.dimension == widest}
    domain = functools.reduce(operator.or_, wide.values())
    free, fixed = _divided(domain, dict(at or {}), solution.part)
    truth = solution.problem.truth if solution.problem else None
    if truth is None:
        ticks = _ticks(domain, free)
    else:
        ticks = tuple(truth.ticks[name] for name in free)
        fixed = {n: _on_grid(truth, n, v, solution.part) for n, v in fixed.items()}
    x = _grid(domain.axes, free, ticks, fixed)
    outputs: list[Output] = []
    for name, part in functions.items():
        inside = _inside(wide.get(name, domain), x)  # a function of t alone may live on a face
        if not bool(inside.any()):
            continue
        if truth is None:
            known = _exact(solution, x[inside]).get(name)
        else:
            known = _stored(truth, name, free, fixed, inside)
        # A part of a system is a field of its own, and evaluated as one.
        expression = Expression(name, lambda p, u: u, ("u",))
        values = evaluate(part, expression, solution.points(x[inside]))
        if solution.part is not None:
            beyond = solution.part.beyond(x[inside][:, domain.axes.index(solution.part.axis)])
            values = torch.where(beyond[:, None].to(values.device), math.nan, values)
        outputs += _outputs(name, _aligned(truth, values, known), known, inside, ticks)
    if not outputs:
        raise ConfigError(f"the slice at {fixed} misses the domain {domain!r}; choose another.")
    against = "exact" if truth is None else "reference"
    return Slice(free, ticks, fixed, tuple(outputs), against, solution.part)


def constants(field: Field) -> dict[str, float]:
    """The values of all unknown constants by name."""
    return {name: part.value for name, part in parts(field).items() if isinstance(part, Unknown)}


def _divided(
    domain: Domain, at: dict[str, float], part: Reached | None
) -> tuple[tuple[str, ...], dict[str, float]]:
    """The free coordinates, space before time, and the values of all others."""
    bounds = dict(zip(domain.axes, zip(*domain.bounds, strict=True), strict=True))
    for name, value in at.items():
        if name not in bounds or not bounds[name][0] <= value <= bounds[name][1]:
            known = ", ".join(f"{n} from {a:g} to {b:g}" for n, (a, b) in bounds.items())
            raise ConfigError(f"`at` fixes coordinates of the domain, {known}; got {name}={value}.")
    free = sorted((name for name in domain.axes if name not in at), key=lambda name: name == "t")
    if not free:
        raise ConfigError(f"`at` fixes all of {', '.join(domain.axes)}; leave one or two free.")
    middle = {name: sum(bounds[name]) / 2 for name in free[2:]}
    if part is not None and part.axis in middle:
        middle[part.axis] = min(middle[part.axis], part.value)
    return tuple(free[:2]), {n: {**at, **middle}[n] for n in domain.axes if n not in free[:2]}


def _on_grid(truth: Reference, name: str, value: float, part: Reached | None) -> float:
    """The nearest tick of a reference; where the value is solved, one that is solved too."""
    ticks = truth.ticks[name]
    if part is not None and name == part.axis and value <= part.value:
        ticks = ticks[ticks <= part.value]
    return float(ticks[np.abs(ticks - value).argmin()]) if len(ticks) else value


def _ticks(domain: Domain, free: tuple[str, ...]) -> tuple[Floats, ...]:
    """Evenly spaced coordinates; in space the cells are square, as far as that is reasonable."""
    low, high = (dict(zip(domain.axes, corner, strict=True)) for corner in domain.bounds)
    if len(free) == 1:
        return (np.linspace(low[free[0]], high[free[0]], ALONG_LINE),)
    extent = {name: high[name] - low[name] for name in free}
    longest = max(extent.values())
    counts = [
        ALONG_PLANE if "t" in free else max(33, round(ALONG_PLANE * extent[n] / longest))
        for n in free
    ]
    return tuple(np.linspace(low[n], high[n], k) for n, k in zip(free, counts, strict=True))


def _grid(
    axes: tuple[str, ...],
    free: tuple[str, ...],
    ticks: tuple[Floats, ...],
    fixed: Mapping[str, float],
) -> Tensor:
    """Positions (n·m, d) in float64."""
    columns = dict(zip(free, np.meshgrid(*ticks, indexing="ij"), strict=True))
    like = columns[free[0]]
    every = [columns[n].ravel() if n in columns else np.full(like.size, fixed[n]) for n in axes]
    return torch.from_numpy(np.stack(every, axis=1))


def _inside(domain: Domain, x: Tensor) -> Tensor:
    """Which of the points x (n, d) lie in a domain; all of them where it is thinner than space."""
    if domain.dimension < len(domain.axes):
        return torch.ones(len(x), dtype=torch.bool, device="cpu")
    size = max(b - a for a, b in zip(*domain.bounds, strict=True))
    return domain.contains(x, 1e-9 * size)


def _outputs(
    name: str, numbers: Tensor, known: Tensor | None, inside: Tensor, ticks: tuple[Floats, ...]
) -> Iterator[Output]:
    """The components (n, k) of an unknown, beside the truth if it is known."""
    shape = tuple(map(len, ticks))
    for j in range(numbers.shape[1]):
        yield Output(
            name,
            j + 1 if numbers.shape[1] > 1 else 0,
            _spread(numbers[:, j], inside, shape),
            None if known is None else _spread(known[:, j], inside, shape),
        )


def _stored(
    truth: Reference, name: str, free: tuple[str, ...], fixed: Mapping[str, float], inside: Tensor
) -> Tensor | None:
    """What a reference says inside, (n, k)."""
    if name not in truth.values:
        return None
    values = truth.slice(name, free, fixed).reshape(len(inside), -1)
    return torch.from_numpy(values)[inside]


def _aligned(reference: Reference | None, fitted: Tensor, truth: Tensor | None) -> Tensor:
    """What is compared with a reference, as far as that is known."""
    if reference is None or truth is None:
        return fitted
    values = fitted.detach().double().cpu()
    known = (torch.isfinite(truth) & torch.isfinite(values)).all(1)
    values[known] = torch.from_numpy(reference.aligned(values[known].numpy(), truth[known].numpy()))
    return values


def _exact(solution: Fitted, x: Tensor) -> dict[str, Tensor]:
    """The exact unknowns (n, k) by name, as far as they are known."""
    problem = solution.problem
    if problem is None or problem.exact is None:
        return {}
    p = replace(solution.points(x[:0]), positions=x, weights=x.new_full((len(x),), 1 / len(x)))
    named = problem.exact_values(p, parts(solution.field))
    with torch.no_grad():
        return {name: stacked("exact", truth, p) for name, truth in named.items()}


def _spread(values: Tensor, inside: Tensor, shape: tuple[int, ...]) -> Floats:
    full = np.full(inside.numel(), np.nan)
    full[inside.numpy()] = values.detach().double().cpu().numpy()
    return full.reshape(shape)
