"""Our solves beside those of peers: how soon we are where each peer gets, and where both end."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from siren_pde.files.json_values import JSON
from siren_pde.suites.cells import OWN
from siren_pde.suites.outcomes import FAILED
from siren_pde.suites.standings import Standing

HEADS = (
    "problem",
    "peer",
    "its best error",
    "after",
    "we are there after",
    "time, ours / its",
    "it ends at",
    "we end at",
    "error, ours / its",
)
FORMS = (".1e", ".3g s", ".3g s", ".2g", ".1e", ".1e", ".2g")
NAMES = (
    "best_error",
    "best_seconds",
    "our_seconds",
    "time_ratio",
    "error",
    "our_error",
    "error_ratio",
)
"""Of the numbers in JSON, in the order of the table."""


@final
@dataclass(frozen=True)
class Beside:
    """One of our solvers and a peer on one problem, all seeds of both.

    The best error is the least that any seed of the peer saw, with the seconds until then. Ours are
    the median over seeds of the seconds until an error as small, infinite where most never are.
    Final errors are medians; numbers are NaN where a side has no result.
    """

    ours: Standing
    peer: Standing

    @property
    def best(self) -> tuple[float, float]:
        """The peer's best error, and the seconds until it."""
        seen = [(error, s) for each in self.peer.results for s, error in each.curve]
        return min(seen, default=(math.nan, math.nan))

    @property
    def seconds(self) -> float:
        """Ours until the peer's best error."""
        known = [each for each in self.ours.results if not each.failed]
        if not known or math.isnan(self.best[0]):
            return math.nan
        return statistics.median_high([each.time_to(self.best[0]) for each in known])

    @property
    def time_ratio(self) -> float:
        """Our seconds by the peer's, both until its best error."""
        return self.seconds / self.best[1] if self.best[1] > 0 else math.nan

    @property
    def errors(self) -> tuple[float, float]:
        """The final errors: ours, the peer's."""
        return self.ours.over("error"), self.peer.over("error")

    @property
    def error_ratio(self) -> float:
        """Our final error by the peer's."""
        ours, theirs = self.errors
        return ours / theirs if theirs > 0 else math.nan

    @property
    def numbers(self) -> tuple[float, ...]:
        """What a table shows under `HEADS`, after the names."""
        ours, theirs = self.errors
        ratios = self.time_ratio, self.error_ratio
        return (*self.best, self.seconds, ratios[0], theirs, ours, ratios[1])

    @property
    def row(self) -> tuple[str, ...]:
        """The same as texts, with the names; a peer without any result has failed."""
        texts = [_figure(v, form) for v, form in zip(self.numbers, FORMS, strict=True)]
        if len(self.peer.failed) == len(self.peer.results):
            texts[0] = FAILED
        return (self.ours.first.problem, self.peer.first.solver, *texts)

    @property
    def values(self) -> dict[str, JSON]:
        """The same as JSON values; infinite ones are null, as unknown ones are."""
        known = [v if math.isfinite(v) else None for v in self.numbers]
        names = {"problem": self.ours.first.problem, "peer": self.peer.first.solver}
        return {**names, **dict(zip(NAMES, known, strict=True))}


def besides(every: Sequence[Standing]) -> list[Beside]:
    """Each peer beside ours on the same problem: the problem's own solver, or else the first."""
    ours: dict[str, Standing] = {}
    for each in every:
        problem = each.first.problem
        if not each.is_peer and (problem not in ours or each.first.solver == OWN):
            ours[problem] = each
    return [
        Beside(ours[each.first.problem], each)
        for each in every
        if each.is_peer and each.first.problem in ours
    ]


def as_markdown(rows: Sequence[Beside]) -> str:
    """A table that a page in Markdown can take as it is."""
    heads, *texts = [list(HEADS), *(list(each.row) for each in rows)]
    lines = [heads, ["---"] * len(heads), *texts]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _figure(value: float, form: str) -> str:
    if math.isnan(value):
        return "–"
    plain, _, unit = form.partition(" ")
    return "never" if math.isinf(value) else f"{value:{plain}} {unit}".rstrip()
