"""A problem by its name, how it is to be solved, and what may be said of the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from siren_pde import Box, Problem, on, solve
from siren_pde.domains.base import Domain
from siren_pde.optimisers.outcome import Outcome
from siren_pde.solving.solution import Solution

UNSOLVED = frozenset({Outcome.impossible, Outcome.unresolved, Outcome.stagnated})
"""What may be said where nothing satisfies the conditions, or nothing that was tried."""
ENDED = UNSOLVED | {Outcome.budget, Outcome.non_finite}
"""The same where a short budget may be why."""
FREE = frozenset({Outcome.ill_posed})
"""Where the conditions do not determine an answer, or not stably."""
NOT_ONE = UNSOLVED | FREE
"""Where they neither determine one nor have one."""

square, line, strip = Box(x=(0, 1), y=(0, 1)), Box(x=(0, 1)), Box(x=(0, 1), t=(0, 1))
sides = strip.at(x=0) | strip.at(x=1)
start = strip.at(t=0)


@dataclass(frozen=True)
class Case:
    """A problem that is made when it is needed, the options of `solve`, and what may be said."""

    make: Callable[[], Problem]
    allowed: frozenset[Outcome]
    word: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def solved(self) -> Solution:
        return solve(self.make(), **self.options, quiet=True)


Cases = dict[str, Case]


def into(table: Cases, allowed: frozenset[Outcome], word: str, **options: Any):
    """Put a problem under its function's name into a table."""

    def put(make: Callable[[], Problem]) -> Callable[[], Problem]:
        table[make.__name__] = Case(make, allowed, word, options)
        return make

    return put


def problem(exact: Any = None, **conditions: tuple[Domain, Any]) -> Problem:
    """A problem of residuals on domains, by the names of its conditions."""
    made = []
    for name, (domain, residual) in conditions.items():
        residual.__name__ = name
        made.append(on(domain)(residual))
    return Problem(*made, exact=exact)
