"""Where a solution is evaluated, as users have it: arrays, grids, tables, coordinates by name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siren_pde.calculus.operators import d
from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Expression, flattened
from siren_pde.domains.base import Domain
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field

Positions: TypeAlias = npt.ArrayLike | Tensor | Mapping[str, npt.ArrayLike | Tensor]
"""Positions (…, d), or one array for each coordinate by name."""

TRIED = 10_000
"""Positions, evenly spread over those that are asked for, whose membership is tested: of curved
domains that costs as much as the values. Outside the bounds, every one is seen.
"""
EDGE = 1e-9
"""How far outside a domain, beside its size, rounding may put a point of its edge."""


@final
@dataclass(frozen=True, eq=False)
class Asked:
    """Positions (n, d), and the form that values have there: `shape`, or the rows of a table."""

    positions: Tensor
    shape: tuple[int, ...]
    rows: Any = None

    @staticmethod
    def of(x: object, axes: Sequence[str], like: Tensor) -> Asked:
        """What a user has given, in the precision and place of `like`; gradients pass through.

        A table has a column for each coordinate, among others; a mapping has just them, of shapes
        that fit each other; all else is an array (…, d), or (n,) in one coordinate. Raises
        ConfigError for other names and shapes, and for what is no number.
        """
        try:
            if (table := _table(x)) is not None:
                columns = {name: table[name] for name in table.columns if name in axes}
                _require_names(columns, axes, f"the columns {', '.join(map(str, table.columns))}")
                values = [_numbers(columns[name].to_numpy(), like) for name in axes]
                return Asked(torch.stack(values, dim=1), (len(table),), table.index)
            if isinstance(x, Mapping):
                _require_names(x, axes, f"values of {', '.join(map(str, x)) or 'none'}")
                if {*x} - {*axes}:
                    raise ConfigError(
                        f"a solution in {', '.join(axes)} takes just these, got "
                        f"{', '.join(map(str, x))}."
                    )
                each = [_numbers(x[name], like) for name in axes]
                shape = np.broadcast_shapes(*(tuple(values.shape) for values in each))
                flat = [values.expand(shape).reshape(-1) for values in each]
                return Asked(torch.stack(flat, dim=1), shape)
            array = _numbers(x, like)
        except (TypeError, ValueError, RuntimeError) as cause:
            if isinstance(cause, ConfigError):
                raise
            raise ConfigError(
                f"a solution in {', '.join(axes)} is evaluated at numbers, got "
                f"{type(x).__name__}: {cause}."
            ) from cause
        if array.ndim <= 1:
            array = array.reshape(-1, 1) if len(axes) == 1 else array.reshape(1, -1)
        if array.shape[-1] != len(axes):
            raise ConfigError(
                f"a solution in {', '.join(axes)} is evaluated at positions of shape "
                f"(n, {len(axes)}), or (…, {len(axes)}), got {tuple(np.shape(array))}."
            )
        return Asked(array.reshape(-1, len(axes)), tuple(array.shape[:-1]))

    def shaped(self, values: Tensor, name: str) -> Any:
        """Values (n, k) in the form of what was given: scalars without an axis of their own."""
        scalar = values.shape[1] == 1
        if self.rows is not None:
            import pandas

            numbers = values.detach().cpu().numpy()
            if scalar:
                return pandas.Series(numbers[:, 0], index=self.rows, name=name)
            columns = [f"{name}_{j + 1}" for j in range(numbers.shape[1])]
            return pandas.DataFrame(numbers, index=self.rows, columns=columns)
        return values.reshape(self.shape if scalar else (*self.shape, values.shape[1]))


def _table(x: object) -> Any:
    """A data frame of pandas, which is not imported for this; None for all else."""
    pandas = sys.modules.get("pandas")
    return x if pandas is not None and isinstance(x, pandas.DataFrame) else None


def _numbers(values: object, like: Tensor) -> Tensor:
    if isinstance(values, np.ndarray) and not values.flags.writeable:
        values = (
            values.copy()
        )  # torch shares what it is given, and warns of what it must not change
    return torch.as_tensor(values, dtype=like.dtype, device=like.device)


def _require_names(given: Mapping[Any, object], axes: Sequence[str], seen: str) -> None:
    missing = [name for name in axes if name not in given]
    if missing:
        raise ConfigError(
            f"a solution in {', '.join(axes)} needs values of {', '.join(missing)}, got {seen}."
        )


def differentiable(
    evaluate: Callable[[Expression, Tensor], Tensor], expression: Expression, x: Tensor
) -> Tensor:
    """Values (n, k) of an expression with its arguments settled, at x (n, d).

    Where x requires gradients they pass through, of any order: they are the derivatives of the
    expression, as the engine makes them.
    """
    if not (x.requires_grad and torch.is_grad_enabled()):
        return evaluate(expression, x.detach())
    values: Tensor = _Values.apply(x, expression, evaluate)  # type: ignore[no-untyped-call]
    return values


class _Values(torch.autograd.Function):
    """An expression at x (n, d), whose backward pass evaluates the derivatives along each axis."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        expression: Expression,
        evaluate: Callable[[Expression, Tensor], Tensor],
    ) -> Tensor:
        ctx.save_for_backward(x)
        ctx.expression, ctx.evaluate = expression, evaluate
        return evaluate(expression, x.detach())

    @staticmethod
    def backward(ctx: Any, weights: Tensor) -> tuple[Tensor, None, None]:
        (x,) = ctx.saved_tensors
        inner: Expression = ctx.expression

        def slopes(p: Points, *unknowns: object) -> list[object]:
            parts: list[Any] = flattened(inner.function(p, *unknowns))
            return [d(part, axis) for part in parts for axis in p]

        outer = Expression(f"the gradient of {inner.name}", slopes, inner.arguments)
        each = differentiable(ctx.evaluate, outer, x)
        jacobian = each.reshape(len(x), weights.shape[1], x.shape[1])
        return torch.einsum("nk,nkd->nd", weights, jacobian), None, None


def wrapped(field: Field, domain: Domain, x: Tensor) -> Tensor:
    """The positions x (n, d) moved by whole periods of a field's networks into the domain."""
    each = {n.period for n in field.networks().values() if n.inputs == x.shape[1]}
    if len(each) != 1:
        return x
    columns = list(x.unbind(1))
    for i, length in enumerate(each.pop()):
        if length is not None:
            low = domain.bounds[0][i]
            columns[i] = low + (columns[i] - low) % length
    return torch.stack(columns, 1)


def outside(domain: Domain, x: Tensor) -> str:
    """Which of the positions x (n, d) lie outside a domain, in words; empty if none are seen."""
    if domain.dimension < len(domain.axes) or not len(x):
        return ""
    x = x.detach()
    low, high = (x.new_tensor(corner) for corner in domain.bounds)
    slack = max(EDGE, 8 * torch.finfo(x.dtype).eps) * float((high - low).max())
    beyond = ((x < low - slack) | (x > high + slack)).any(1)
    few = x[~beyond]
    few = few[:: max(1, len(few) // TRIED)]
    held = torch.cat([domain.contains(part, slack) for part in torch.split(few, 8192)])
    count = int(beyond.sum()) + int((~held).sum())
    if not count:
        return ""
    first = (x[beyond] if bool(beyond.any()) else few[~held])[0].tolist()
    place = ", ".join(f"{a}={v:.6g}" for a, v in zip(domain.axes, first, strict=True))
    least = "at least " if len(few) < len(x) - int(beyond.sum()) else ""
    return f"{least}{count} of {len(x)} positions lie outside {domain!r}, such as {place}"
