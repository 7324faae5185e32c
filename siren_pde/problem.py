"""A problem is a set of residuals on domains: equation, boundary, initial and data terms alike."""

from __future__ import annotations

import functools
import importlib
import inspect
import operator
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from siren_pde.calculus.points import Points
from siren_pde.domains.base import Domain
from siren_pde.errors import ConfigError, DomainError, ResidualError
from siren_pde.numerics.checked import require_real, require_whole
from siren_pde.numerics.schedule import Schedule
from siren_pde.references import Reference

Residual = Callable[..., object]
Weight = float | Schedule


@dataclass(frozen=True, eq=False)
class Condition:
    """A residual that shall vanish on a domain.

    `weight` multiplies the mean square of the residual over the domain in the loss. A `Schedule` is
    followed by `Adam` on fresh points; other methods take its last value. `points` is how many
    points it takes; left out, the solve decides. Around `refine_towards` they lie on all scales.
    """

    residual: Residual
    domain: Domain
    weight: Weight = 1.0
    points: int | None = None
    refine_towards: tuple[float, ...] | None = None

    @property
    def name(self) -> str:
        """The residual function's name."""
        return getattr(self.residual, "__name__", type(self.residual).__name__)

    @property
    def heaviest(self) -> float:
        """The largest weight over the budget."""
        return self.weight.largest if isinstance(self.weight, Schedule) else self.weight

    def weight_at(self, used: float) -> float:
        """The weight when the share `used` of the budget is spent."""
        return self.weight(used) if isinstance(self.weight, Schedule) else self.weight

    def __reduce__(self) -> tuple[Callable[..., Condition], tuple[object, ...]]:
        """How copies and other processes get it: by name, where `@on` decorates one in a module.

        There the module means the condition by the name, and the function cannot be found by it.
        """
        module = getattr(self.residual, "__module__", "")
        name = getattr(self.residual, "__qualname__", "")
        known = _meant(sys.modules.get(module), name)
        rest = (self.domain, self.weight, self.points, self.refine_towards)
        if known is self:
            return _condition, (module, name)
        if isinstance(known, Condition) and known.residual is self.residual:
            return _changed, (module, name, *rest)
        return Condition, (self.residual, *rest)

    def __call__(self, p: Points, *unknowns: object) -> object:
        """The residual itself, at points p."""
        return self.residual(p, *unknowns)

    def arguments(self, unknowns: Sequence[str]) -> list[str]:
        """The names among `unknowns` that this residual takes, in its order."""
        return unknowns_taken(self.residual, self.name, unknowns)


def unknowns_taken(
    function: Callable[..., object], name: str, unknowns: Sequence[str]
) -> list[str]:
    """Which of the `unknowns` a function (p, …) takes, in its order.

    They are the names of its parameters after the first, which is the points whatever its name, as
    in `def momentum(x, u, p)` for a pressure p. With a single unknown that name is free, parameters
    with defaults are none, and `*unknowns` are all. Raises ResidualError, naming the function
    `name`, if it takes unknowns that do not exist.
    """
    first, *rest = inspect.signature(function).parameters.values()
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in (first, *rest)):
        return [*unknowns]
    names = [p.name for p in rest if p.default is inspect.Parameter.empty]
    if len(unknowns) == 1 and len(names) == 1:
        return [*unknowns]
    missing = [each for each in names if each not in unknowns]
    if missing or not names:
        points = next(each for each in ("p", "x", "at", "points_") if each not in unknowns)
        raise ResidualError(
            f"condition `{name}` takes ({', '.join([first.name, *names])}), but the field "
            f"provides {', '.join(f'`{n}`' for n in unknowns)}. Write "
            f"`def {name}({points}, {', '.join(unknowns)})`, or solve with "
            f"`System({', '.join(f'{n}=…' for n in names) or 'u=…'})`."
        )
    return names


def _meant(module: object, name: str) -> object:
    """What a module means by a name, with its dots; None if it means nothing."""
    value = module
    for part in name.split("."):
        value = getattr(value, part, None)
    return value


def _condition(module: str, name: str) -> Condition:
    """The condition that a module means by a name."""
    known = _meant(importlib.import_module(module), name)
    if not isinstance(known, Condition):
        raise ResidualError(
            f"`{name}` of the module `{module}` was a condition in the process that sent it, and "
            "is none here. Use the same version of the module in both."
        )
    return known


def _changed(
    module: str,
    name: str,
    domain: Domain,
    weight: Weight,
    points: int | None,
    refine_towards: tuple[float, ...] | None,
) -> Condition:
    """The residual of the condition that a module means by a name, elsewhere or weighted anew."""
    residual = _condition(module, name).residual
    return Condition(residual, domain, weight, points, refine_towards)


def on(
    domain: Domain,
    *,
    weight: Weight = 1.0,
    points: int | None = None,
    refine_towards: Sequence[float] | None = None,
) -> Callable[[Residual], Condition]:
    """Make a residual function a condition on `domain`: `@on(square.boundary, weight=10)`.

    With `refine_towards`, points are graded towards a place where the solution varies on all
    scales, such as a corner; their weights make up for it (see `siren_pde.collocation.grading`).
    Raises DomainError if `domain` is no domain, ConfigError if the weight is not positive or the
    place has other coordinates.
    """
    if not isinstance(domain, Domain):
        raise DomainError(
            f"`on` needs a domain, got {type(domain).__name__}. Write for example "
            "`@on(Box(x=(0, 1)))`, `@on(box.boundary)` or `@on(PointCloud(positions))`."
        )
    if not isinstance(weight, Schedule):
        require_real("on", "weight", weight)
    if points is not None:
        require_whole("on", "points", points)
    weight = weight if isinstance(weight, Schedule) else float(weight)
    place = None if refine_towards is None else tuple(float(value) for value in refine_towards)
    if place is not None and len(place) != len(domain.axes):
        raise ConfigError(
            f"points are refined towards a place in the coordinates {', '.join(domain.axes)}, got "
            f"refine_towards={place}."
        )
    return lambda residual: Condition(residual, domain, weight, points, place)


class Problem:
    """Conditions that one field shall satisfy together.

    `exact(p)` is the known solution in the algebra of jets, for a system a dictionary by name;
    `truth` is a reference instead, where only another method's values are known. They are never
    used to solve, only to measure the error of a solution and to test the conditions.

    Raises ConfigError if no condition is given, one of them is not made by `on`, or the truth is
    none for this problem.
    """

    def __init__(
        self,
        *conditions: Condition,
        exact: Callable[[Points], object] | None = None,
        truth: Reference | None = None,
        name: str = "",
    ) -> None:
        wrong = [c for c in conditions if not isinstance(c, Condition)]
        if not conditions or wrong:
            seen = f"got {type(wrong[0]).__name__}" if wrong else "got none"
            raise ConfigError(
                f"`Problem` needs conditions, {seen}. Decorate a residual: `@on(domain)` above "
                "`def residual(p, u)`."
            )
        axes = {c.domain.axes for c in conditions}
        if len(axes) > 1:
            raise ConfigError(
                f"the conditions of a problem share their coordinates, got {sorted(axes)}. "
                "A face of a box (`box.at(t=0)`) keeps all of the box's axes."
            )
        names = [c.name for c in conditions]
        if len(set(names)) < len(names):
            raise ConfigError(f"the conditions of a problem have different names, got {names}.")
        if truth is not None and (exact is not None or truth.axes not in axes):
            raise ConfigError(
                "a problem has either an exact solution or a reference in its own coordinates "
                f"{next(iter(axes))}, got {'both' if exact else truth.axes}."
            )
        self.conditions, self.exact, self.truth = conditions, exact, truth
        self.name = name or conditions[0].name

    @property
    def has_truth(self) -> bool:
        """Whether solutions can be compared with something."""
        return self.exact is not None or self.truth is not None

    def exact_values(self, p: Points, unknowns: Iterable[str]) -> dict[str, object]:
        """The exact unknowns at points p by name, as far as they are known; empty without `exact`.

        They are jets, vectors or numbers. What is no dictionary is the first of the `unknowns`.
        Raises ConfigError if `exact` returns nothing.
        """
        if self.exact is None:
            return {}
        values = self.exact(p)
        if values is None:
            raise ConfigError(
                "`exact` returned None, where the exact solution at the points `p` is needed. End "
                "it with `return`, for a system of a dictionary by name, such as "
                "`return {'u': sin(p.x)}`."
            )
        return values if isinstance(values, dict) else {next(iter(unknowns)): values}

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates."""
        return self.conditions[0].domain.axes

    @property
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The smallest box that holds all domains, as (low, high)."""
        boxes = [c.domain.bounds for c in self.conditions]
        low = tuple(min(values) for values in zip(*(b[0] for b in boxes), strict=True))
        high = tuple(max(values) for values in zip(*(b[1] for b in boxes), strict=True))
        return low, high

    def home(self, unknown: str, unknowns: Iterable[str]) -> Domain:
        """Where one of the `unknowns` lives: on the widest domains of the conditions that take it.

        These are the whole problem's, if no condition takes it.
        """
        named = [*unknowns]
        taking = [c.domain for c in self.conditions if unknown in c.arguments(named)]
        domains = taking or [c.domain for c in self.conditions]
        width = max(domain.dimension for domain in domains)
        return functools.reduce(operator.or_, (d for d in domains if d.dimension == width))

    def __repr__(self) -> str:
        return f"Problem({', '.join(c.name for c in self.conditions)})"
