"""A law is a function that raises `LawError` where a member of its family breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from torch import Tensor

M = TypeVar("M")

Law = Callable[[M], None]
"""A law of members of one kind; where it says nothing about a member, it passes."""


class LawError(AssertionError):
    """A law of its family that a member breaks, in words and with the numbers measured."""


def require(kept: bool | Tensor, message: str) -> None:
    """Raise LawError with the message unless the law is kept."""
    if not bool(kept):
        raise LawError(message)


def obey(member: M, laws: Iterable[Law[M]]) -> None:
    """Check all laws in turn. Raises LawError for the first one that is broken."""
    for law in laws:
        law(member)


def largest(values: Tensor) -> float:
    """The largest absolute value, NaN if there is one, and 0 of nothing."""
    return float(values.detach().abs().max()) if values.numel() else 0.0


def differ(a: Tensor, b: Tensor, tolerance: float) -> bool:
    """Whether a and b differ by more than `tolerance` times max(1, |b|), or anything is NaN."""
    return not bool((a - b).abs().max() <= tolerance * b.abs().max().clamp_min(1.0))


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Independent normal numbers, the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def called(member: object, most: int = 80) -> str:
    """A member as messages name it: its repr, cut to `most` letters."""
    text = " ".join(repr(member).split())
    return f"`{text}`" if len(text) <= most else f"`{text[: most - 1]}…`"
