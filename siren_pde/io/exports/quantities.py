"""What is exported of a solution: its unknowns, and derivatives of them by names such as `u_xx`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, final

from siren_pde.calculus.operators import d, grad, lap
from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Expression
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field
from siren_pde.fields.system import Unknown, parts


@final
@dataclass(frozen=True)
class Quantity:
    """A value or derivative of one unknown, under the name it has in files.

    `is_complex` says that two outputs are a real and an imaginary part.
    """

    name: str
    unknown: str
    expression: Expression
    is_complex: bool = False


def quantities(
    field: Field,
    axes: Sequence[str],
    derivatives: Iterable[str] = (),
    complex_unknowns: Iterable[str] = (),
) -> tuple[Quantity, ...]:
    """Every unknown function of a field, then the derivatives that are named.

    `u_x`, `u_xt` are partial derivatives, `lap_u` and `grad_u` what they say; of the only unknown,
    `lap` and `grad`. Raises ConfigError for other names.
    """
    unknowns = functions(field)
    if not unknowns:
        raise ConfigError("this solution has constants only: there is no function to be exported.")
    pairs = {*complex_unknowns}
    if pairs - {*unknowns}:
        raise ConfigError(
            f"`complex` names {', '.join(sorted(pairs - {*unknowns}))}, but the unknowns are "
            f"{', '.join(unknowns)}."
        )
    named = [(name, name, _value) for name in unknowns]
    named += [(name, *_derivative(name, unknowns, axes)) for name in dict.fromkeys(derivatives)]
    return tuple(
        Quantity(name, unknown, Expression(name, function, (unknown,)), unknown in pairs)
        for name, unknown, function in named
    )


def functions(field: Field) -> tuple[str, ...]:
    """The names of the unknowns that are functions."""
    return tuple(n for n, part in parts(field).items() if not isinstance(part, Unknown))


def constants(field: Field) -> dict[str, float]:
    """The values of the unknowns that are constants."""
    return {n: part.value for n, part in parts(field).items() if isinstance(part, Unknown)}


def _value(p: Points, u: Any) -> object:
    return u


def _laplacian(p: Points, u: Any) -> object:
    return lap(u)


def _gradient(p: Points, u: Any) -> object:
    return grad(u)


def _partial(along: tuple[str, ...], p: Points, u: Any) -> object:
    coordinates = dict(zip(p.axes, p, strict=True))
    return d(u, *(coordinates[name] for name in along))


def _derivative(name: str, unknowns: Sequence[str], axes: Sequence[str]) -> tuple[str, Any]:
    """The unknown that a derivative is of, and the function that it is."""
    for word, operator in (("lap", _laplacian), ("grad", _gradient)):
        unknown = unknowns[0] if name == word and len(unknowns) == 1 else name[len(word) + 1 :]
        if name in (word, f"{word}_{unknown}") and unknown in unknowns:
            return unknown, operator
    unknown, _, letters = name.rpartition("_")
    along = _split(letters, axes)
    if unknown not in unknowns or not along:
        first, x = unknowns[0], axes[0]
        raise ConfigError(
            f"there is no derivative `{name}` of {', '.join(unknowns)} along {', '.join(axes)}. "
            f"Write for example `{first}_{x}`, `{first}_{x}{x}`, `lap_{first}` or `grad_{first}`."
        )
    return unknown, partial(_partial, along)


def _split(letters: str, axes: Sequence[str]) -> tuple[str, ...]:
    """The names of axes that a text is made of; empty if it is made of others."""
    for axis in axes:
        if letters == axis:
            return (axis,)
        rest = _split(letters.removeprefix(axis), axes) if letters.startswith(axis) else ()
        if rest:
            return (axis, *rest)
    return ()
