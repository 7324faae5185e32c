"""What classical methods share: they have no steps, but levels, each finer than the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from protocol import Run, Values

GROWTH = 8.0
"""By how much a level may take longer than the one before: it is left out if time would be over."""


def refined(
    run: Run,
    levels: Iterable[Any],
    solved: Callable[[Any, Any], tuple[Values, int]],
    recipe: str,
    packages: Sequence[str],
) -> None:
    """Solve on level after level, as far as there is time, and tell the error of each.

    `solved` takes the problem and a level, and returns the solution and how many unknowns it has.
    """
    took = 0.0
    for level in levels:
        if GROWTH * took > run.left:
            break
        before, finest = run.seconds, level
        values, unknowns = solved(run.problem, level)
        took = run.seconds - before
        run.measure(values)
    run.ended(values, parameters=unknowns, recipe=f"{recipe}, level {finest}", packages=packages)
