"""Two runs of a suite side by side: what has become worse, better, or does not run any more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from siren_pde.suites.standings import Standing

WORSE_ERROR, WORSE_TIME = 3.0, 1.5
"""A median error or time larger by more than these is a regression: beyond what seeds and a machine
that does other things make of the same code.
"""
ROUNDING = 1e-12
"""Errors below are what rounding leaves, and are alike."""
SHORT = 0.2
"""Seconds by which times differ without a reason."""

FAILS, ERROR, TIME, RUNS = "newly failing", "error", "time", "runs again"


@final
@dataclass(frozen=True)
class Change:
    """What a problem, field and method were before and are now; `before` and `after` are the
    medians of error and seconds, NaN where they are not known.
    """

    key: tuple[str, str, str]
    error: tuple[float, float]
    seconds: tuple[float, float]
    worse: tuple[str, ...]
    better: tuple[str, ...]


def changes(now: Sequence[Standing], before: Sequence[Standing]) -> list[Change]:
    """For all that both runs have, in the order of the later one."""
    earlier = {each.key: each for each in before}
    return [changed(each, earlier[each.key]) for each in now if each.key in earlier]


def changed(now: Standing, before: Standing) -> Change:
    """What has changed of one."""
    error = (before.over("error"), now.over("error"))
    seconds = (before.over("seconds"), now.over("seconds"))
    worse, better = [], []
    if len(now.failed) > len(before.failed):
        worse.append(FAILS)
    elif len(now.failed) < len(before.failed):
        better.append(RUNS)
    rounded = [max(each, ROUNDING) for each in error]
    _sort(rounded, WORSE_ERROR, 0.0, ERROR, (worse, better))
    _sort(seconds, WORSE_TIME, SHORT, TIME, (worse, better))
    return Change(now.key, error, seconds, tuple(worse), tuple(better))


def _sort(
    pair: Sequence[float], factor: float, least: float, name: str, into: tuple[list[str], list[str]]
) -> None:
    """Note what has grown by more than a factor as worse, and what has shrunk so as better."""
    before, after = pair
    if math.isnan(before) or math.isnan(after):
        return
    worse, better = into
    if after > factor * before and after - before > least:
        worse.append(name)
    elif before > factor * after and before - after > least:
        better.append(name)


def missing(now: Sequence[Standing], before: Sequence[Standing]) -> list[tuple[str, str, str]]:
    """What the earlier run had and the later one has not."""
    known = {each.key for each in now}
    return [each.key for each in before if each.key not in known]
