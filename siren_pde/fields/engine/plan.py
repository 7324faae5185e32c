"""A plan is the list of derivatives a network carries through its layers, and the sine's rules on
them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from torch import Tensor

from siren_pde.calculus.derivatives import Alpha, Key, Laplace, partitions


@dataclass(frozen=True)
class Term:
    """count · f⁽ᵏ⁾(z) · Π z_factor with k ≥ 2 factors: one summand of the chain rule."""

    order: int
    count: int
    factors: tuple[int, ...]


@dataclass(frozen=True)
class Slope:
    """The derivative of a term by one of its factors: count · f⁽ᵏ⁾(z) · Π z_others."""

    order: int
    count: int
    target: int
    others: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """A downward-closed set of derivatives, one channel each; channel 0 is the value.

    `keys` lists what the channels hold. The channels of one network travel stacked in a tensor of
    shape (S, n, h), S = len(keys). `required` are the numbers of those that are wanted; the
    others are there to carry them through layers, and a field that needs no carriers may leave them
    zero.
    """

    keys: tuple[Key, ...]
    required: tuple[int, ...]

    @staticmethod
    def closing(required: Iterable[Key]) -> Plan:
        """The smallest plan that answers `required`.

        A collapsed Laplacian needs the first derivatives along its axes; where all its pure second
        derivatives are carried anyway, it is their sum and no channel of its own.
        """
        required = set(required)
        carried: set[Alpha] = {()}
        for key in required:
            if isinstance(key, Laplace):
                carried.update((i,) for i in key.axes)
            else:
                carried.update(c for r in range(len(key) + 1) for c in combinations(key, r))
        sums = {
            key
            for key in required
            if isinstance(key, Laplace) and not all((i, i) in carried for i in key.axes)
        }
        ordered = sorted(carried, key=lambda key: (len(key), key))
        keys: tuple[Key, ...] = (*ordered, *sorted(sums, key=lambda key: key.axes))
        split = {(i, i) for key in required - sums if isinstance(key, Laplace) for i in key.axes}
        return Plan(keys, tuple(i for i, key in enumerate(keys) if key in required | split))

    @cached_property
    def index(self) -> dict[Key, int]:
        """The channel of each derivative."""
        return {key: i for i, key in enumerate(self.keys)}

    @property
    def order(self) -> int:
        """The highest order of differentiation carried."""
        return max(2 if isinstance(key, Laplace) else len(key) for key in self.keys)

    @cached_property
    def terms(self) -> dict[int, tuple[Term, ...]]:
        """For each channel, the chain rule's terms with two or more factors.

        The one term with a single factor is the same for every channel, f′(z) · z_channel.
        """
        table = {}
        for channel, key in enumerate(self.keys):
            terms = tuple(
                Term(len(blocks), count, tuple(self.index[block] for block in blocks))
                for count, blocks in partitions(key)
                if len(blocks) >= 2
            )
            if terms:
                table[channel] = terms
        return table

    @cached_property
    def slopes(self) -> dict[int, tuple[Slope, ...]]:
        """For each channel, the derivatives of `terms` by their factors."""
        return {channel: tuple(_slopes(terms)) for channel, terms in self.terms.items()}

    def part(self, channels: Tensor, key: Key) -> Tensor:
        """The derivative `key` out of stacked channels (S, …)."""
        first, *rest = (channels[i] for i in self.summands(key))
        return sum(rest, start=first)

    def summands(self, key: Key) -> tuple[int, ...]:
        """The channels whose sum is the derivative `key`."""
        if isinstance(key, Laplace) and key not in self.index:
            return tuple(self.index[(i, i)] for i in key.axes)
        return (self.index[key],)


def _slopes(terms: tuple[Term, ...]) -> Iterable[Slope]:
    for term in terms:
        for target, times in Counter(term.factors).items():
            others = list(term.factors)
            others.remove(target)
            yield Slope(term.order, term.count * times, target, tuple(others))
