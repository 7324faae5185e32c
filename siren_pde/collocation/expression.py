"""Functions of points and unknowns as users write them: values as tensors, slips explained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from siren_pde.calculus.complex import Complex
from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.errors import ResidualError, SirenPDEError
from siren_pde.problem import Condition, unknowns_taken

Unknown = Jet | Vector


@dataclass(frozen=True, eq=False)
class Expression:
    """Any function `function(p, *unknowns)` of points and unknowns, under a `name` for messages.

    `arguments` are the names of the unknowns it takes; left out, they are its parameters' names, as
    for a condition (see `siren_pde.problem.unknowns_taken`).
    """

    name: str
    function: Callable[..., object]
    arguments: Sequence[str] | None = None

    @staticmethod
    def of(function: Callable[..., object] | Condition) -> Expression:
        """A function, or the residual of a condition, under its own name."""
        if isinstance(function, Condition):
            return Expression(function.name, function.residual)
        return Expression(getattr(function, "__name__", type(function).__name__), function)

    def taking(self, unknowns: Iterable[str]) -> Expression:
        """The expression with its arguments settled among a field's `unknowns`.

        Raises ResidualError if it takes some that do not exist.
        """
        if self.arguments is not None:
            return self
        return replace(self, arguments=unknowns_taken(self.function, self.name, [*unknowns]))

    def values(self, points: Points, unknowns: Mapping[str, Unknown]) -> Tensor:
        """The function at n points as a tensor (n, m), the slips of its author explained."""
        axes = ", ".join(points.axes)
        given = [unknowns[name] for name in self.taking(unknowns).arguments or ()]
        try:
            return stacked(self.name, self.function(points, *given), points)
        except SirenPDEError as error:
            if f"`{self.name}`" in str(error):
                raise
            raise type(error)(f"condition `{self.name}`: {error}") from error
        except ValueError as error:
            if "unpack" not in str(error):
                raise
            raise ResidualError(
                f"condition `{self.name}` unpacks another number of values than there are "
                f"({error}). Its domain has the coordinates {axes}: write `{axes} = p`."
            ) from error
        except (TypeError, AttributeError, RuntimeError) as error:
            raise ResidualError(f"condition `{self.name}` cannot be evaluated: {error}") from error


def flattened(out: object) -> list[object]:
    """The components of what a residual returned, however nested: a complex number has two."""
    if isinstance(out, Complex):
        return [out.re, out.im]
    if isinstance(out, Vector | tuple | list):
        return [component for value in out for component in flattened(value)]
    return [out]


def stacked(name: str, out: object, points: Points) -> Tensor:
    """What the residual `name` returned at n points as a tensor (n, m).

    Raises ResidualError for any other shape.
    """
    columns, n = [], len(points)
    for value in flattened(out):
        part: object = value.value if isinstance(value, Jet) else value
        if isinstance(part, Tensor) and not part.ndim:
            part = part.expand(n)
        if isinstance(part, int | float | np.integer | np.floating):
            part = points.positions.new_full((n,), float(part))
        shape = tuple(part.shape) if isinstance(part, Tensor) else type(part).__name__
        if not isinstance(part, Tensor) or shape != (n,):
            raise ResidualError(
                f"condition `{name}` returned {shape} at {n} points; a residual has "
                f"shape ({n},), one number per point, or is a vector of such. Use `u` and its "
                "derivatives as they are, without reshaping or a trailing axis of length 1."
            )
        columns.append(part)
    if not columns:
        raise ResidualError(f"condition `{name}` returned no residual at all.")
    return torch.stack(columns, dim=1)
