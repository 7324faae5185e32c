"""Comparisons of values at points: truths to choose by, not to branch on."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NoReturn, final

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Part
from siren_pde.calculus.foreign import torch_function, untaken
from siren_pde.errors import ResidualError

BRANCHES: ContextVar[list[str] | None] = ContextVar("branches", default=None)
"""Where it is set, what chooses among formulas by the values of a field is noted in it.

A residual that does is not affine in the field, though random values of it may all lie on one side:
`where(u > 500, …)`.
"""


def note_branch(what: str) -> None:
    """Say that something chooses among formulas by the values of a field."""
    taken = BRANCHES.get()
    if taken is not None:
        taken.append(what)


@final
@dataclass(frozen=True, eq=False)
class Comparison:
    """Where a relation such as `u > 0` holds: a boolean tensor `mask` (n,), a bool for constants.

    `where(condition, a, b)` chooses by it; `&`, `|` and `~` combine it. `frame` names the
    coordinates, and `dtype` is the precision of what was compared, if it was any tensor.
    """

    mask: Tensor | bool
    frame: tuple[str, ...] = ()
    dtype: torch.dtype | None = field(default=None, repr=False)

    def __and__(self, other: object) -> Comparison:
        return self._with(other, lambda a, b: a & b)

    def __or__(self, other: object) -> Comparison:
        return self._with(other, lambda a, b: a | b)

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> Comparison:
        mask = self.mask
        opposite = ~mask if isinstance(mask, Tensor) else not mask
        return Comparison(opposite, self.frame, self.dtype)

    def _with(
        self, other: object, combine: Callable[[Tensor | bool, Tensor | bool], Tensor | bool]
    ) -> Comparison:
        second = as_comparison(other)
        frame, dtype = self.frame or second.frame, self.dtype or second.dtype
        return Comparison(combine(self.mask, second.mask), frame, dtype)

    def __bool__(self) -> NoReturn:
        raise ResidualError(
            "a residual cannot branch on the value of a field or coordinate (`if u > 0`, "
            "`0 < x < 1`, `a and b`): it is evaluated at all points at once. Write "
            "`where(u > 0, a, b)`, `maximum(u, 0)`, `(0 < x) & (x < 1)`, or separate domains."
        )

    def _no_number(self, other: object) -> NoReturn:
        raise ResidualError(
            "a comparison such as `x < 0.5` is no number to calculate with. Write "
            "`where(x < 0.5, a, b)`, which has the derivatives of a where it holds, and of b "
            "elsewhere."
        )

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _no_number
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = _no_number
    __array_ufunc__ = untaken
    __array_function__ = untaken
    __torch_function__ = torch_function


def compared(
    relation: Callable[[Part, Part], Tensor | bool],
    a: Part,
    b: Part,
    *,
    frame: tuple[str, ...],
    from_field: bool,
) -> Comparison:
    """Where the relation holds between two values, each (n,) or constant."""
    if from_field:
        note_branch("a comparison")
    tensors = [v for v in (a, b) if isinstance(v, Tensor)]
    return Comparison(relation(a, b), frame, tensors[0].dtype if tensors else None)


def as_comparison(condition: object) -> Comparison:
    """A comparison, or a boolean tensor, as a comparison. Raises ResidualError for all else."""
    if isinstance(condition, Comparison):
        return condition
    if isinstance(condition, Tensor) and condition.dtype == torch.bool and condition.ndim <= 1:
        return Comparison(condition)
    seen = type(condition).__name__
    if isinstance(condition, Tensor):
        seen = f"a tensor of shape {tuple(condition.shape)} and {condition.dtype}"
    raise ResidualError(
        "a condition compares coordinates or fields, `p.x < 0.5` or `(u > 0) & (u < 1)`, or is a "
        f"boolean tensor of shape (n,); got {seen}."
    )
