"""How precisely matrices are multiplied, where less than the precision of the numbers will do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Literal, cast, get_args

import torch
from torch import Tensor

from siren_pde.errors import ConfigError

Precision = Literal["float32", "tf32", "bf16"]
"""What the factors of a product are rounded to, 24, 11 or 8 binary digits; its sums are float32."""

HALVES = ("cuda",)
"""The devices that multiply rounded factors faster. Elsewhere they are rounded, and multiplied as
others are: that gives the same numbers, and saves no time.
"""
DROPPED = 13
"""How many of the last bits of a float32 TF32 has not."""
_ASKED: ContextVar[Precision] = ContextVar("precision", default="float32")


def known_precision(text: str) -> Precision:
    """The precision of that name. Raises ConfigError if there is none."""
    if text not in get_args(Precision):
        raise ConfigError(
            f"there is no precision {text!r} of products. Take one of "
            f"{', '.join(map(repr, get_args(Precision)))}."
        )
    return cast(Precision, text)


@contextmanager
def products_in(precision: Precision) -> Iterator[None]:
    """While it lasts, factors of products of hidden layers are rounded to this precision."""
    token = _ASKED.set(precision)
    try:
        yield
    finally:
        _ASKED.reset(token)


def full_products() -> AbstractContextManager[None]:
    """While it lasts, no other product on a GPU rounds its factors, whatever is set elsewhere:
    least squares and second-order methods would lose what they are for.
    """
    return _tf32(allowed=False)


def require_roundable(order: int, like: Tensor) -> None:
    """Raise ConfigError where factors are to be rounded and that is not safe: for derivatives of
    order two and more, which rounding spoils, and for numbers that are no float32.
    """
    precision = _ASKED.get()
    if precision == "float32":
        return
    if order > 1:
        raise ConfigError(
            f"products in {precision} are for values and first derivatives, such as those of scans "
            f"and images, and a condition here takes derivatives of order {order}: rounding would "
            "spoil them. Leave out `precision`."
        )
    if like.dtype != torch.float32:
        raise ConfigError(
            f"products in {precision} belong to parameters in float32, and these are in "
            f"{like.dtype}. Leave out `precision`, or solve with `dtype=torch.float32`."
        )


def exact_product(
    a: Tensor, b: Tensor, out: Tensor | None = None, *, added: Tensor | None = None
) -> Tensor:
    """A B for A (n, k) and B (k, h), in `out` if it is given and `added` to something."""
    return torch.mm(a, b, out=out) if added is None else torch.addmm(added, a, b, out=out)


def product(
    a: Tensor, b: Tensor, out: Tensor | None = None, *, added: Tensor | None = None
) -> Tensor:
    """As `exact_product`, the factors rounded if that is asked for."""
    if _ASKED.get() == "float32":
        return exact_product(a, b, out, added=added)
    if added is None:
        return _rounded(torch.mm, a, b, out)
    return torch.add(added, _rounded(torch.mm, a, b, None if out is added else out), out=out)


def products_of(a: Tensor, b: Tensor) -> Tensor:
    """Aᵢ Bᵢ for A (m, n, k) and B (m, k, h), their factors rounded if asked for."""
    if _ASKED.get() == "float32":
        return torch.bmm(a, b)
    return _rounded(torch.bmm, a, b, None)


def _rounded(multiply: Callable[..., Tensor], a: Tensor, b: Tensor, out: Tensor | None) -> Tensor:
    """The product of rounded factors, summed in float32."""
    native = a.device.type in HALVES
    if _ASKED.get() == "tf32":
        with _tf32(allowed=True):
            return multiply(a, b, out=out) if native else multiply(_cut(a), _cut(b), out=out)
    a, b = a.bfloat16(), b.bfloat16()
    if native:
        return multiply(a, b, out_dtype=torch.float32, **({} if out is None else {"out": out}))
    return multiply(a.float(), b.float(), out=out)


@contextmanager
def _tf32(*, allowed: bool) -> Iterator[None]:
    """While it lasts, GPUs round factors to TF32 or do not."""
    matmul = torch.backends.cuda.matmul
    before = matmul.allow_tf32
    matmul.allow_tf32 = allowed
    try:
        yield
    finally:
        matmul.allow_tf32 = before


def _cut(x: Tensor) -> Tensor:
    """A float32 rounded to the digits of TF32, halves away from zero."""
    bits = x.contiguous().view(torch.int32)
    half = 1 << (DROPPED - 1)
    return ((bits + half) & -(1 << DROPPED)).view(torch.float32)
