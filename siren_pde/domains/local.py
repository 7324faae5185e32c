"""What of many parts is near: so that k parts, each beside few others, cost k and not k² steps."""

from __future__ import annotations

import bisect
import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from siren_pde.domains.base import Domain
from siren_pde.errors import DomainError

Numbers = npt.NDArray[np.float64]
Split = Callable[[Domain], tuple[str, tuple[Domain, ...]] | None]
"""The operator and the operands of a domain that is made by one."""

_SLACK = 1e-6  # beside the sizes of boxes: far more than rounding, far less than any geometry


@final
@dataclass(frozen=True, eq=False)
class Boxes:
    """The boxes around many domains, (k, d) each, to be compared all at once."""

    low: Numbers
    high: Numbers

    @staticmethod
    def around(domains: Sequence[Domain]) -> Boxes:
        """Those of some domains, in their order."""
        if not domains:
            return Boxes(np.empty((0, 1)), np.empty((0, 1)))
        pairs = np.array([each.bounds for each in domains], dtype=np.float64)
        return Boxes(pairs[:, 0], pairs[:, 1])

    def touching(self, domain: Domain) -> list[int]:
        """The numbers of those that meet the box around a domain, or nearly do."""
        low, high = np.array(domain.bounds, dtype=np.float64)
        slack = _SLACK * np.maximum((self.high - self.low).max(axis=1), (high - low).max())
        apart = (self.low > high + slack[:, None]) | (self.high < low - slack[:, None])
        return np.flatnonzero(~apart.any(axis=1)).tolist()


@final
@dataclass(frozen=True, eq=False)
class Tree:
    """A domain made of others by set operations, chains of one operation as one.

    `symbol` is the operator of its `members`, of a difference the whole and then all that is
    removed; it is empty for a domain that is made of no others. `start` counts those before it.
    """

    symbol: str
    domain: Domain
    start: int = 0
    members: tuple[Tree, ...] = ()

    @staticmethod
    def of(domain: Domain, split: Split, start: int = 0) -> Tree:
        """The tree of a domain."""
        parted = split(domain)
        if parted is None:
            return Tree("", domain, start)
        symbol, (first, *after) = parted
        later = [after]
        while (inner := split(first)) is not None and inner[0] == symbol:
            first, *after = inner[1]
            later.append(after)
        members, count = [], start
        for each in (first, *(one for after in reversed(later) for one in after)):
            members.append(Tree.of(each, split, count))
            count += len(members[-1].singles)
        return Tree(symbol, domain, start, tuple(members))

    @functools.cached_property
    def singles(self) -> tuple[Domain, ...]:
        """The domains it is made of that are made of no others, in order."""
        if not self.members:
            return (self.domain,)
        return tuple(single for member in self.members for single in member.singles)

    @functools.cached_property
    def _starts(self) -> list[int]:
        return [member.start for member in self.members]

    def near(self, numbers: Sequence[int]) -> Domain | None:
        """The domain where all singles but those of some numbers, which ascend, are far away.

        None where nothing of it is left.
        """
        if not self.members:
            return self.domain
        shares: dict[int, list[int]] = {}
        for number in numbers:
            shares.setdefault(bisect.bisect_right(self._starts, number) - 1, []).append(number)
        left = {i: self.members[i].near(share) for i, share in shares.items()}
        kept = [member for member in left.values() if member is not None]
        gone = self.symbol == "&" and len(kept) < len(self.members)
        if not kept or gone or (self.symbol == "-" and left.get(0) is None):
            return None
        try:
            return functools.reduce(_OPERATORS[self.symbol], kept)
        except DomainError:  # one that is empty
            return None


_OPERATORS = {"|": operator.or_, "&": operator.and_, "-": operator.sub}
