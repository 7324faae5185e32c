"""Jets of whole layers of a network: parts are tensors (n, …), not numbers at points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import cast, final

import torch
from torch import Tensor

from siren_pde.calculus import elementary
from siren_pde.calculus.derivatives import Key, Part, add, is_zero, multiply, partitions, total
from siren_pde.calculus.elementary import Rule
from siren_pde.calculus.jets import Jet


class UntraceableError(RuntimeError):
    """A module does something to coordinates that is not followed."""


def like(part: Part, whole: Tensor) -> Tensor:
    """A part in the shape of the value: it may be a number, or the same at all points."""
    return part.expand_as(whole) if isinstance(part, Tensor) else torch.full_like(whole, part)


class Layer(Jet):
    """A jet whose value is (n, …); other parts may be (1, …), where all points have the same."""

    @property
    def whole(self) -> Tensor:
        """The value, a tensor."""
        return cast(Tensor, self.part(()))


@final
class Places(Layer):
    """All coordinates (n, d) at once; their first derivatives are (1, d)."""

    def __init__(self, x: Tensor) -> None:
        self.x = x

    def _part(self, key: Key) -> Part:
        if key == ():
            return self.x
        if isinstance(key, tuple) and len(key) == 1:
            one = [float(axis == key[0]) for axis in range(self.x.shape[1])]
            return torch.tensor([one], dtype=self.x.dtype, device=self.x.device)
        return 0.0


@final
class Linear(Layer):
    """A linear function of parts, and a constant beside.

    It is given parts in the shape of the value, unless it works `pointwise`: then (1, …) is enough.
    """

    def __init__(
        self,
        inner: Layer,
        function: Callable[[Tensor], Tensor],
        constant: Tensor | None = None,
        *,
        pointwise: bool = False,
    ) -> None:
        self.inner, self.function, self.constant = inner, function, constant
        self.pointwise = pointwise

    def _part(self, key: Key) -> Part:
        part = self.inner.part(key)
        if is_zero(part):
            return 0.0
        whole = self.inner.whole
        alike = self.pointwise and isinstance(part, Tensor) and part.shape[1:] == whole.shape[1:]
        mapped = self.function(cast(Tensor, part) if alike else like(part, whole))
        if key != ():
            return mapped
        if len(mapped) != len(whole):
            raise UntraceableError
        return mapped if self.constant is None else mapped + self.constant


@final
class Joined(Layer):
    """Jets side by side, by `torch.cat` or `torch.stack`."""

    def __init__(self, inner: Sequence[Layer], join: Callable[[list[Tensor]], Tensor]) -> None:
        self.inner, self.join = inner, join

    def _part(self, key: Key) -> Part:
        parts = [layer.part(key) for layer in self.inner]
        if all(is_zero(part) for part in parts):
            return 0.0
        wholes = [layer.whole for layer in self.inner]
        joined = self.join([like(part, w) for part, w in zip(parts, wholes, strict=True)])
        if len(joined) != len(wholes[0]):
            raise UntraceableError
        return joined


@final
class Activation(Layer):
    """f(u) by Faà di Bruno's rule; terms of one order share the derivative of f."""

    def __init__(self, rule: Rule, inner: Layer) -> None:
        self.rule, self.inner = rule, inner

    def _part(self, key: Key) -> Part:
        orders: defaultdict[int, Part] = defaultdict(float)
        for count, blocks in partitions(key):
            term: Part = float(count)
            for block in blocks:
                term = 0.0 if is_zero(term) else multiply(term, self.inner.part(block))
            orders[len(blocks)] = add(orders[len(blocks)], term)
        at = self.inner.whole
        return total(multiply(self.rule(at, k), s) for k, s in orders.items() if not is_zero(s))


@final
class Combined(Layer):
    """A sum or product of jets, or of a jet and numbers or tensors."""

    def __init__(self, jet: Jet) -> None:
        self.jet = jet

    def _part(self, key: Key) -> Part:
        return self.jet.part(key)


# ── rules of activations, which compute f once for all derivatives ────────────────────────────


def _shared(function: Callable[[Tensor], Tensor]) -> Callable[[Part], Tensor]:
    """The function, whose value at the one place where it is taken is kept."""
    kept: list[Tensor] = []

    def at(v: Part) -> Tensor:
        if not kept:
            kept.append(function(cast(Tensor, v)))
        return kept[0]

    return at


def tanh() -> Rule:
    """tanh, 1 − tanh² and so on."""
    value = _shared(torch.tanh)
    slope = _shared(lambda v: 1 - value(v).square())

    def rule(v: Part, k: int) -> Part:
        if k < 2:
            return slope(v) if k else value(v)
        return -2 * value(v) * slope(v) if k == 2 else elementary.hyperbolic_tangent(v, k)

    return rule


def wave(quarter: int) -> Rule:
    """The sine moved by so many quarters of its period, 1 being the cosine."""
    sine, cosine = _shared(torch.sin), _shared(torch.cos)

    def rule(v: Part, k: int) -> Part:
        turn = k + quarter
        wave = cosine(v) if turn % 2 else sine(v)
        return -wave if turn % 4 in (2, 3) else wave

    return rule


def exponential() -> Rule:
    """exp, whatever the order."""
    value = _shared(torch.exp)
    return lambda v, _: value(v)


def sigmoid() -> Rule:
    """σ(v) = (1 + tanh(v/2)) / 2."""
    value, half = _shared(torch.sigmoid), tanh()
    return lambda v, k: value(v) if k == 0 else multiply(0.5 ** (k + 1), half(v / 2, k))
