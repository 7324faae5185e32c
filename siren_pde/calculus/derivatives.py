"""Names of derivatives, and the combinatorics of the product and chain rules on them.

A derivative is a sorted tuple of axis numbers - `()` is the value, `(0,)` is u_x, `(0, 1)` is u_xy
- or `Laplace(axes)`, the sum of pure second derivatives, which has a name of its own because a
network can carry the sum far more cheaply than its terms.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb, prod

from torch import Tensor

Alpha = tuple[int, ...]
Part = Tensor | float


@dataclass(frozen=True)
class Laplace:
    """The sum of pure second derivatives along `axes`, as one derivative."""

    axes: Alpha


Key = Alpha | Laplace


def is_zero(part: Part) -> bool:
    """Whether a part is the exact, symbolic zero."""
    return isinstance(part, float) and part == 0.0


def add(a: Part, b: Part) -> Part:
    """a + b, where exact zeros cost nothing."""
    return b if is_zero(a) else a if is_zero(b) else a + b


def multiply(a: Part, b: Part) -> Part:
    """a · b, where exact zeros and ones cost nothing."""
    if is_zero(a) or is_zero(b):
        return 0.0
    if isinstance(a, float) and a == 1.0:
        return b
    return a if isinstance(b, float) and b == 1.0 else a * b


def total(parts: Iterable[Part]) -> Part:
    """The sum, where exact zeros cost nothing."""
    whole: Part = 0.0
    for part in parts:
        whole = add(whole, part)
    return whole


@lru_cache(maxsize=None)
def partitions(key: Key) -> tuple[tuple[int, tuple[Key, ...]], ...]:
    """Faà di Bruno: ∂^key f(u) = Σ count · f⁽ᵏ⁾(u) · Π ∂^block u, as pairs (count, k blocks)."""
    if isinstance(key, Laplace):
        return ((1, (key,)), *((1, ((i,), (i,))) for i in key.axes))
    counts: Counter[tuple[Alpha, ...]] = Counter()
    for blocks in _set_partitions(range(len(key))):
        counts[tuple(sorted(tuple(sorted(key[i] for i in block)) for block in blocks))] += 1
    return tuple((count, blocks) for blocks, count in counts.items())


def _set_partitions(items: range | list[int]) -> Iterator[list[list[int]]]:
    rest = list(items)
    if not rest:
        yield []
        return
    first = rest.pop(0)
    for smaller in _set_partitions(rest):
        yield [[first], *smaller]
        for i, block in enumerate(smaller):
            yield [*smaller[:i], [first, *block], *smaller[i + 1 :]]


@lru_cache(maxsize=None)
def splits(key: Key) -> tuple[tuple[int, Key, Key], ...]:
    """Leibniz: ∂^key (a b) = Σ count · ∂^left a · ∂^right b, as triples (count, left, right)."""
    if isinstance(key, Laplace):
        return ((1, key, ()), *((2, (i,), (i,)) for i in key.axes), (1, (), key))
    powers = sorted(Counter(key).items())
    triples = []
    for taken in itertools.product(*(range(n + 1) for _, n in powers)):
        left = tuple(i for (i, _), k in zip(powers, taken, strict=True) for _ in range(k))
        right = tuple(i for (i, n), k in zip(powers, taken, strict=True) for _ in range(n - k))
        triples.append(
            (prod(comb(n, k) for (_, n), k in zip(powers, taken, strict=True)), left, right)
        )
    return tuple(triples)


def shifted(key: Key, by: Alpha) -> tuple[Alpha, ...]:
    """The derivatives whose sum is ∂^by ∂^key."""
    if isinstance(key, Laplace):
        return tuple(tuple(sorted((i, i, *by))) for i in key.axes)
    return (tuple(sorted((*key, *by))),)


def chain(key: Key, inner: Sequence[Callable[[Key], Part]]) -> dict[Key, Part]:
    """∂^key f(ξ) = Σ factor · (∂^outer f)(ξ), by Faà di Bruno's rule in several variables.

    `inner[i](key)` is ∂^key ξᵢ; the result holds the factor of each derivative `outer` of f. What
    is a sum of pure second derivatives of f stays one, as that is cheaper to carry.
    """
    factors: dict[Key, Part] = {}
    for alpha in [(i, i) for i in key.axes] if isinstance(key, Laplace) else [key]:
        for count, blocks in partitions(alpha):
            for axes in itertools.product(range(len(inner)), repeat=len(blocks)):
                factor: Part = float(count)
                for axis, block in zip(axes, blocks, strict=True):
                    factor = 0.0 if is_zero(factor) else multiply(factor, inner[axis](block))
                if not is_zero(factor):
                    outer: Alpha = tuple(sorted(axes))
                    factors[outer] = add(factors.get(outer, 0.0), factor)
    return _collapsed(factors) if isinstance(key, Laplace) else factors


def _collapsed(factors: dict[Key, Part]) -> dict[Key, Part]:
    """Several pure second derivatives, each once, as one Laplacian."""
    axes = [key[0] for key in factors if isinstance(key, tuple) and len(key) == 2]
    pure = factors.keys() == {(i, i) for i in axes}
    once = all(isinstance(factor, float) and factor == 1.0 for factor in factors.values())
    return {Laplace(tuple(sorted(axes))): 1.0} if pure and once and len(axes) > 1 else factors
