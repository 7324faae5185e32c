"""Numbers that users give, checked once for all: options of methods and budgets, sizes, seeds."""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection
from dataclasses import MISSING, Field, fields
from typing import Any

from siren_pde.errors import ConfigError

LARGEST_SEED = 2**53
"""Seeds are below: whole numbers that JSON and every generator take as they are."""

SCHEDULED = {"Schedule", "Weight"}
"""Annotations of numbers that may be functions of the budget used instead."""


def is_whole(value: object) -> bool:
    """Whether a value is a whole number of Python or NumPy; truth values are none."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_real(value: object) -> bool:
    """Whether a value is a real number, infinity included and NaN left out."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return number and not math.isnan(value)  # type: ignore[arg-type]


def require_seed(seed: object) -> None:
    """Raise ConfigError unless a seed is a whole number from 0 to 2⁵³."""
    if not is_whole(seed) or not 0 <= seed < LARGEST_SEED:  # type: ignore[operator]
        raise ConfigError(
            f"a seed is a whole number from 0 to 2⁵³, got {seed!r}. Write for example `seed=0`."
        )


def require_whole(who: str, name: str, value: object, *, least: int = 1) -> None:
    """Raise ConfigError unless an option is a whole number, at least `least`."""
    if not is_whole(value) or value < least:  # type: ignore[operator]
        raise ConfigError(f"`{who}` needs a whole number {name} ≥ {least}, got {name}={value!r}.")


def require_sizes(who: str, **sizes: object) -> None:
    """Raise ConfigError unless all are whole numbers, at least 1."""
    for name, value in sizes.items():
        require_whole(who, name, value)


def require_real(
    who: str, name: str, value: object, *, zero: bool = False, infinite: bool = False
) -> None:
    """Raise ConfigError unless an option is a positive number, or `zero` or `infinite` if allowed.

    NaN is none.
    """
    fits = is_real(value) and (value > 0 or (zero and value == 0))  # type: ignore[operator]
    if not fits or (math.isinf(value) and not infinite):  # type: ignore[arg-type]
        kind = "a number" if infinite else "a finite number"
        raise ConfigError(
            f"`{who}` needs {kind} {name} {'≥' if zero else '>'} 0, got {name}={value!r}."
        )


def require_numbers(options: Any, *, zero: Collection[str] = (), ours: bool = True) -> None:
    """Check every option of a dataclass by its annotation: `int`, `float`, `bool`, and tuples.

    Numbers are positive where their defaults are, or zero besides if they are named in `zero` or
    are so by default; infinite where the default is. What is `None` by annotation may be. Options
    of others' classes that have no default, or a negative one, may be anything. Raises ConfigError,
    with the names of class and option, for anything else; options of other types are left to
    whoever takes them.
    """
    who = type(options).__name__
    for each in fields(options):
        value = getattr(options, each.name)
        kind = each.type.__name__ if isinstance(each.type, type) else str(each.type)
        if (value is None and "None" in kind) or (each.default is MISSING and not ours):
            continue
        kinds = {part.strip() for part in kind.split("|")} - {"None"}
        _require(who, each, value, kinds, each.name in zero)


def _require(who: str, option: Field[Any], value: object, kinds: set[str], zero: bool) -> None:
    given: Any = option.default
    name = option.name
    if is_real(given) and given < 0:  # no sign can be told of it
        return
    zero = zero or (is_real(given) and given == 0)
    if kinds == {"bool"}:
        if not isinstance(value, bool):
            raise ConfigError(f"`{who}` needs {name}=True or {name}=False, got {value!r}.")
    elif kinds == {"int"}:
        require_whole(who, name, value, least=0 if zero else 1)
    elif kinds == {"float"} or (kinds & SCHEDULED and not callable(value)):
        infinite = is_real(given) and math.isinf(given)
        require_real(who, name, value, zero=zero, infinite=infinite)
    elif kinds == {"tuple[float, ...]"}:
        if not isinstance(value, tuple | list) or not value:
            raise ConfigError(f"`{who}` needs a tuple of numbers {name}, got {value!r}.")
        for part in value:
            require_real(who, name, part, zero=zero)
    elif kinds == {"str"} and not isinstance(value, str):
        raise ConfigError(f"`{who}` needs a text {name}, got {value!r}.")
