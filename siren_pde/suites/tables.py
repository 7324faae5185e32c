"""The tables of a suite's page: cells that show a number and are sorted by it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

from siren_pde.files.markup import escaped
from siren_pde.plots.pages import chip, number, seconds
from siren_pde.plots.told_runs import GRADES
from siren_pde.suites.cells import OWN
from siren_pde.suites.ratios import HEADS, Beside
from siren_pde.suites.regressions import Change, changes
from siren_pde.suites.script_child import MEASURED
from siren_pde.suites.standings import TOLERANCES, Result, Standing

MEGA = 1e6
LENGTHS = {
    "reference_mean_rel": "distance, mean",
    "reference_max_rel": "distance, largest",
    "normal_error": "normals, 1 − |cos|",
    "eikonal": "|∇φ| − 1, box",
    "eikonal_band": "|∇φ| − 1, band",
    "sdf_rmse_rel": "φ, rms in box",
    "sdf_rmse_band_rel": "φ, rms in band",
    "own_rmse_rel": "φ to its mesh, rms",
    "distance_mean_rel": "points to mesh, mean",
    "distance_max_rel": "points to mesh, largest",
}
"""What is shown of a fit; lengths are shares of the diagonal of the points' bounding box."""


@final
@dataclass(frozen=True)
class Shown:
    """A cell of a table: HTML, and for numbers what it is sorted by."""

    html: str
    value: float | None = None

    @property
    def cell(self) -> str:
        """As HTML."""
        if self.value is None:
            return f"<td>{self.html}</td>"
        value = "1e999" if math.isinf(self.value) else repr(self.value)
        known = "NaN" if math.isnan(self.value) else value
        return f'<td class="n" data-v="{known}">{self.html}</td>'


def table(heads: Sequence[str], rows: Iterable[Sequence[Shown]]) -> str:
    """A table that is sorted by a click; heads of numbers are right of them."""
    rows = [*rows]
    numeric = [cell.value is not None for cell in rows[0]] if rows else [False] * len(heads)
    kinds = (' class="n"' if right else "" for right in numeric)
    top = "".join(
        f"<th{kind}>{escaped(head)}</th>" for kind, head in zip(kinds, heads, strict=True)
    )
    body = "".join(f"<tr>{''.join(cell.cell for cell in row)}</tr>" for row in rows)
    whole = f'<table class="results"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="wide">{whole}</div>'


def results_table(every: Sequence[Standing], before: Sequence[Standing]) -> str:
    """A row for each problem, field and method."""
    changed = {change.key: change for change in changes(every, before)}
    heads = ["problem", "solver", "outcome", *(["since then"] if before else [])]
    heads += ["error, median", "worst seed", "L∞", "error bar", "time"]
    heads += [f"to {tolerance:.0e}".replace("e-0", "e-") for tolerance in TOLERANCES]
    heads += ["parameters", "memory", "seeds"]
    return table(heads, (_result(each, changed, bool(before)) for each in every))


def _result(
    each: Standing, changed: dict[tuple[str, str, str], Change], since: bool
) -> Sequence[Shown]:
    change = changed.get(each.key)
    return [
        Shown(escaped(each.first.problem)),
        Shown(_solver(each)),
        Shown(outcome_chips(each)),
        *([Shown(_marks(change))] if since else []),
        _figure(each.over("error")),
        _figure(each.over("error", max)),
        _figure(each.over("error_max", max)),
        _figure(each.over("estimate")),
        _time(each.over("seconds")),
        *(_time(each.time_to(tolerance)) for tolerance in TOLERANCES),
        Shown(number(_whole(each.over("parameters"))), each.over("parameters")),
        _memory(each.over("memory", max)),
        Shown(f"{len(each.results)}", float(len(each.results))),
    ]


def _solver(each: Standing) -> str:
    """The names of method and field, and below the method that ran, where it chose itself, or the
    recipe of a peer.
    """
    name, ran = each.first.solver, each.first.ran
    chosen = OWN in each.key[2:] or each.is_peer
    return f"{escaped(name)}<small>{escaped(ran)}</small>" if chosen else escaped(name)


def outcome_chips(each: Standing) -> str:
    """How all seeds ended, in colours; the reason under the pointer."""
    grades = {**GRADES, MEASURED: "good"}
    counts: dict[str, int] = {}
    for result in each.results:
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
    several = len(counts) > 1
    chips = (
        chip(
            f"{name.replace('_', ' ')} {count}" if several else name.replace("_", " "),
            grades.get(name, ""),
        )
        for name, count in counts.items()
    )
    return f'<span title="{escaped(each.reason)}">{" ".join(chips)}</span>'


def peers_table(rows: Sequence[Beside]) -> str:
    """A row for each problem and peer: how soon we are where it gets, and where both end."""
    return table(
        HEADS,
        (
            [
                Shown(escaped(each.row[0])),
                Shown(escaped(each.row[1])),
                *(
                    Shown(text, value)
                    for text, value in zip(each.row[2:], each.numbers, strict=True)
                ),
            ]
            for each in rows
        ),
    )


def changes_table(several: Sequence[Change]) -> str:
    """What is worse, and what is better, with the numbers before and now."""
    heads = ["problem", "field, method", "", "error before", "now", "time before", "now "]
    return table(
        heads,
        (
            [
                Shown(escaped(change.key[0])),
                Shown(escaped(", ".join(change.key[1:]))),
                Shown(_marks(change)),
                *map(_figure, change.error),
                *map(_time, change.seconds),
            ]
            for change in several
        ),
    )


def fits_table(results: Sequence[Result]) -> str:
    """A row for each fit."""
    known = [name for name in LENGTHS if any(name in each.measured for each in results)]
    heads = ["scan", "seed", "outcome", *(LENGTHS[name] for name in known), "components"]
    heads += ["time", "memory"]
    return table(
        heads,
        (
            [
                Shown(escaped(each.problem)),
                Shown(str(each.seed), float(each.seed)),
                Shown(chip(each.outcome, GRADES.get(each.outcome, ""))),
                *(_figure(each.measured.get(name, math.nan)) for name in known),
                Shown(
                    number(_whole(each.measured.get("components", math.nan))),
                    each.measured.get("components", math.nan),
                ),
                _time(each.number("seconds")),
                _memory(each.number("memory")),
            ]
            for each in results
        ),
    )


def measured_table(each: Standing) -> str:
    """The numbers of a script: each run, and how far apart they are."""
    names = dict.fromkeys(name for result in each.results for name in result.measured)
    heads = ["", *(f"run {i + 1}" for i in range(len(each.results))), "spread"]
    rows = []
    for name in names:
        values = [result.measured.get(name, math.nan) for result in each.results]
        low, high = min(values), max(values)
        spread = (high - low) / low if low > 0 and len(values) > 1 else math.nan
        told = "–" if math.isnan(spread) else f"{spread:.1%}"
        shown = [Shown(number(value), value) for value in values]
        rows.append([Shown(escaped(name)), *shown, Shown(told, spread)])
    return table(heads, rows)


def _marks(change: Change | None) -> str:
    if change is None:
        return chip("new")
    worse = [chip(f"worse: {name}" if " " not in name else name, "bad") for name in change.worse]
    better = [
        chip(f"better: {name}" if " " not in name else name, "good") for name in change.better
    ]
    return " ".join([*worse, *better]) or chip("alike")


def _figure(value: float) -> Shown:
    return Shown("–" if math.isnan(value) else f"{value:.1e}", value)


def _time(value: float) -> Shown:
    if math.isinf(value):
        return Shown("never", value)
    return Shown(f"{value:.2f} s" if value < 1 else seconds(value), value)


def _memory(value: float) -> Shown:
    return Shown("–" if math.isnan(value) else f"{value / MEGA:,.0f} MB", value)


def _whole(value: float) -> float | int:
    return round(value) if math.isfinite(value) else value
