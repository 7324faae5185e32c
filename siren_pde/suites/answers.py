"""What a suite answers: a table for people, and the same as JSON values for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from siren_pde.files.json_values import JSON, Description
from siren_pde.suites.outcomes import FAILED
from siren_pde.suites.ratios import as_markdown, besides
from siren_pde.suites.regressions import Change, changes
from siren_pde.suites.standings import TOLERANCES, Standing, results_of, standings
from siren_pde.suites.summary import aligned

HEADS = ("problem", "solver", "seeds", "median", "worst", "bar", "seconds", "outcome")


def shown(lines: Sequence[Description], before: Sequence[Description]) -> str:
    """A row for each problem, field and method, ours beside peers' as Markdown, then what failed,
    then what has become worse.
    """
    parts = []
    if rows := [_row(each) for each in standings(results_of(lines, "solve"))]:
        parts.append(aligned([HEADS, *rows]))
    if beside := besides(standings(results_of(lines, "solve"))):
        parts.append(as_markdown(beside))
    others = [*results_of(lines, "sdf"), *results_of(lines, "script")]
    if rows := [
        (r.problem, str(r.seed), _number(r.number("seconds"), ".1f"), r.outcome) for r in others
    ]:
        parts.append(aligned([("measured", "seed", "seconds", "outcome"), *rows]))
    failed = [f"{line['label']}: {line['reason']}" for line in lines if line["outcome"] == FAILED]
    parts += ["\n".join(failed)] if failed else []
    worse = [
        f"{' '.join(change.key)}: worse in {', '.join(change.worse)}"
        for change in _changes(lines, before)
        if change.worse
    ]
    if before:
        parts.append("\n".join(worse) or "nothing is worse than in the earlier run")
    return "\n\n".join(parts)


def as_values(
    name: str, lines: Sequence[Description], before: Sequence[Description]
) -> dict[str, JSON]:
    """The same as JSON values; numbers that are not known are null."""
    return {
        "suite": name,
        "cells": len(lines),
        "failed": sum(line.get("outcome") == FAILED for line in lines),
        "rows": [_values(each) for each in standings(results_of(lines, "solve"))],
        "peers": [each.values for each in besides(standings(results_of(lines, "solve")))],
        "measured": [
            {
                "name": each.problem,
                "seed": each.seed,
                "outcome": each.outcome,
                "seconds": each.number("seconds"),
                "numbers": dict(each.measured),
            }
            for each in (*results_of(lines, "sdf"), *results_of(lines, "script"))
        ],
        "failures": [
            {"cell": line.get("label"), "failure": line.get("failure")}
            for line in lines
            if line.get("outcome") == FAILED
        ],
        "changes": [
            {
                "problem": change.key[0],
                "field": change.key[1],
                "method": change.key[2],
                "worse": list(change.worse),
                "better": list(change.better),
            }
            for change in _changes(lines, before)
        ],
    }


def _changes(lines: Sequence[Description], before: Sequence[Description]) -> list[Change]:
    return changes(standings(results_of(lines)), standings(results_of(before)))


def _row(each: Standing) -> tuple[str, ...]:
    numbers = [each.over("error"), each.over("error", max), each.over("estimate")]
    return (
        each.first.problem,
        each.first.solver,
        str(len(each.results)),
        *(_number(value, ".1e") for value in numbers),
        _number(each.over("seconds"), ".1f"),
        each.outcome,
    )


def _values(each: Standing) -> dict[str, JSON]:
    problem, field, method = each.key
    return {
        "problem": problem,
        "field": field,
        "method": method,
        "seeds": len(each.results),
        "failed": len(each.failed),
        "outcome": each.outcome,
        "error_median": each.over("error"),
        "error_worst": each.over("error", max),
        "error_max_worst": each.over("error_max", max),
        "estimate_median": each.over("estimate"),
        "seconds_median": each.over("seconds"),
        "seconds_to": {f"{error:g}": each.time_to(error) for error in TOLERANCES},
        "parameters": each.over("parameters"),
        "memory": each.over("memory", max),
    }


def _number(value: float, form: str) -> str:
    return f"{value:{form}}" if math.isfinite(value) else "–"
