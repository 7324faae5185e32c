"""A solution on a grid for other programs: coordinates, instants, and values where it lives."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Expression
from siren_pde.domains.base import Domain
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field
from siren_pde.io.exports.quantities import Quantity, functions, quantities
from siren_pde.numerics.checked import require_whole

Floats = npt.NDArray[np.floating[Any]]

CELLS = {1: 1024, 2: 256, 3: 64}
"""Cells along the longest side by the number of space coordinates: some 10⁵ points each."""
INSTANTS = 51
"""Instants of a solution in time, its start and end among them."""
FEWEST = 4
"""Cells along a short side, at least."""
EDGE = 1e-9
"""How far outside a domain, beside its size, rounding may put a point of its edge."""


class Exported(Protocol):
    """What is exported of a solution."""

    @property
    def field(self) -> Field:
        """The fitted field."""
        ...

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates."""
        ...

    def home(self, unknown: str) -> Domain:
        """Where an unknown lives."""
        ...

    def evaluate(self, expression: Expression, x: Tensor | Points) -> Tensor:
        """An expression at x (n, d), or at points wherever they are."""
        ...


class Options(TypedDict, total=False):
    """What `Wishes` are made of, as keyword arguments."""

    derivatives: Sequence[str]
    resolution: int | None
    instants: int | None
    at: Mapping[str, float] | None
    complex_unknowns: Sequence[str]


@final
@dataclass(frozen=True)
class Wishes:
    """What is exported and how finely.

    `derivatives` are named as for `quantities`; `resolution` is the number of cells along the
    longest side, `instants` how many of them; `at` holds coordinates fixed; the outputs of
    `complex_unknowns` are real and imaginary parts.
    """

    derivatives: Sequence[str] = ()
    resolution: int | None = None
    instants: int | None = None
    at: Mapping[str, float] | None = None
    complex_unknowns: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("resolution", "instants"):
            if (value := getattr(self, name)) is not None:
                require_whole("export", name, value)


@final
@dataclass(frozen=True, eq=False)
class Sampling:
    """A grid over the domain of a solution: the ticks of each space coordinate, and instants.

    `times` is None for a solution without time, or at one instant.
    """

    solution: Exported
    quantities: tuple[Quantity, ...]
    homes: Mapping[str, Domain]
    domain: Domain
    space: tuple[str, ...]
    ticks: tuple[Floats, ...]
    times: Floats | None
    fixed: Mapping[str, float]

    @staticmethod
    def of(solution: Exported, wishes: Wishes) -> Sampling:
        """The grid that suits a solution. Raises ConfigError where no domain is known of it, and
        where more than three coordinates besides the time are left.
        """
        exported = quantities(
            solution.field, solution.axes, wishes.derivatives, wishes.complex_unknowns
        )
        homes = {name: solution.home(name) for name in functions(solution.field)}
        widest = max(home.dimension for home in homes.values())
        wide = [home for home in homes.values() if home.dimension == widest]
        domain = functools.reduce(operator.or_, wide)
        sides = dict(zip(domain.axes, zip(*domain.bounds, strict=True), strict=True))
        fixed = _fixed(sides, wishes.at or {})
        free = [name for name in domain.axes if name not in fixed]
        space = tuple(name for name in free if name != "t")
        if len(space) > 3 or not free:
            raise ConfigError(
                f"files for other programs have one to three coordinates and time, here are "
                f"{', '.join(free) or 'none'}. Hold {'some' if free else 'fewer'} fixed, "
                f"`at={{'{domain.axes[-1]}': …}}`."
            )
        times = None
        if "t" in free:
            times = np.linspace(*sides["t"], wishes.instants or INSTANTS)
        return Sampling(
            solution=solution,
            quantities=exported,
            homes={name: home if home in wide else domain for name, home in homes.items()},
            domain=domain,
            space=space,
            ticks=_ticks([sides[name] for name in space], wishes.resolution),
            times=times,
            fixed=fixed,
        )

    def positions(self, x: Floats, time: float | None) -> Tensor:
        """All coordinates (n, d) of points x (n, k) of space, at an instant if there is time."""
        columns = {name: x[:, i] for i, name in enumerate(self.space)}
        held = {**self.fixed, **({} if time is None else {"t": time})}
        every = [columns.get(n, np.full(len(x), held.get(n, 0.0))) for n in self.domain.axes]
        return torch.from_numpy(np.stack(every, axis=1))

    def inside(self, time: float | None) -> Callable[[Floats], npt.NDArray[np.bool_]]:
        """The membership test (n,) of points x (n, k) of space, at an instant."""
        return lambda x: _inside(self.domain, self.positions(x, time)).numpy()

    def values(self, x: Floats, time: float | None) -> dict[str, Floats]:
        """Each quantity at points x (n, k) of space, (n,) or (n, m); NaN where it does not live."""
        where = self.positions(x, time)
        arrays: dict[str, Floats] = {}
        for quantity in self.quantities:
            held = _inside(self.homes[quantity.unknown], where)
            some = where[held] if bool(held.any()) else where[:1]
            values = self.solution.evaluate(quantity.expression, some).detach().cpu().numpy()
            full = np.full((len(x), *values.shape[1:]), np.nan, dtype=values.dtype)
            full[held.numpy()] = values[: int(held.sum())]
            arrays |= _parts(quantity, full)
        return arrays

    @property
    def grid(self) -> Floats:
        """All points (n, k) of the grid of space, the last coordinate varying fastest."""
        mesh = np.meshgrid(*self.ticks, indexing="ij")
        return np.stack([each.ravel() for each in mesh], axis=1) if mesh else np.empty((1, 0))


def _parts(quantity: Quantity, values: Floats) -> dict[str, Floats]:
    """The array of a quantity; two for a complex one."""
    if not quantity.is_complex:
        return {quantity.name: values}
    if values.ndim != 2 or values.shape[1] != 2:
        raise ConfigError(
            f"`{quantity.name}` is said to be complex, which takes two outputs, and has "
            f"{1 if values.ndim == 1 else values.shape[1]}."
        )
    return {f"{quantity.name}_re": values[:, 0], f"{quantity.name}_im": values[:, 1]}


def _fixed(sides: Mapping[str, tuple[float, float]], at: Mapping[str, float]) -> dict[str, float]:
    for name, value in at.items():
        if name not in sides or not sides[name][0] <= value <= sides[name][1]:
            known = ", ".join(f"{n} from {a:g} to {b:g}" for n, (a, b) in sides.items())
            raise ConfigError(f"`at` fixes coordinates of the domain, {known}; got {name}={value}.")
    return dict(at)


def _ticks(sides: Sequence[tuple[float, float]], resolution: int | None) -> tuple[Floats, ...]:
    """Evenly spaced coordinates, the cells as near to cubes as that is reasonable."""
    longest = max((b - a for a, b in sides), default=1.0)
    most = resolution or CELLS.get(len(sides), 1)
    counts = [max(min(FEWEST, most), round(most * (b - a) / longest)) for a, b in sides]
    return tuple(np.linspace(a, b, n + 1) for (a, b), n in zip(sides, counts, strict=True))


def _inside(domain: Domain, x: Tensor) -> Tensor:
    """Which of x (n, d) lie in a domain; all of them where it is thinner than space."""
    if domain.dimension < len(domain.axes):
        return torch.ones(len(x), dtype=torch.bool, device="cpu")
    size = max(b - a for a, b in zip(*domain.bounds, strict=True))
    return domain.contains(x, EDGE * size)
