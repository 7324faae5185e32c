"""Several runs side by side: what they differ in, how they went, how right they are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from siren_pde.errors import ConfigError
from siren_pde.files.json_values import JSON
from siren_pde.files.markup import escaped
from siren_pde.plots.figures import DPI
from siren_pde.plots.history import COLOURS, THICK
from siren_pde.plots.pages import (
    card,
    marked,
    number,
    page,
    pictured,
    seconds,
    wide,
    write,
)
from siren_pde.plots.picture import Picture
from siren_pde.plots.style import BLUE, RED, STYLE, at_least_a_decade, label_ends, plain
from siren_pde.plots.told_runs import ToldRun, outcome_chip

SHADES = (BLUE, RED, *COLOURS)
"""Of the runs, in turn."""
FEWEST = 2


def read_runs(folders: Sequence[Path]) -> list[ToldRun]:
    """The runs in folders. Raises ConfigError for fewer than two, StorageError if one is none."""
    if len(folders) < FEWEST:
        raise ConfigError(
            "`compare` puts runs side by side, got one. Give two folders or more: `siren-pde "
            "compare runs/a runs/b`."
        )
    return [ToldRun.read(folder) for folder in folders]


def write_comparison(
    folders: Sequence[str | os.PathLike[str]], path: str | os.PathLike[str]
) -> list[ToldRun]:
    """Write the page of the runs in two folders or more; returns what they tell.

    Raises ConfigError for fewer, StorageError if one is no run or the page cannot be written.
    """
    runs = read_runs([Path(folder) for folder in folders])
    write(Path(path), comparison(runs, Path(path).parent))
    return runs


def comparison(runs: Sequence[ToldRun], place: Path) -> str:
    """The page of several runs, as HTML; reports are linked as seen from `place`."""
    problems = list(dict.fromkeys(run.name for run in runs))
    return page(f"{' and '.join(problems)}: {len(runs)} runs", "\n".join(_body(runs, place)))


def labels(runs: Sequence[ToldRun]) -> list[str]:
    """A name for each run: that of its folder, and where two share one, more of its path."""
    paths = [run.folder.resolve().parts for run in runs]
    for count in range(1, max(map(len, paths)) + 1):
        names = ["/".join(path[-count:]) for path in paths]
        if len(set(names)) == len(set(paths)):
            break
    return names


def differing(runs: Sequence[ToldRun]) -> dict[str, list[str]]:
    """The choices that are not the same in all runs, with their value in each."""
    names = dict.fromkeys(name for run in runs for name in run.choices)
    values = {name: [run.choices.get(name, ("–", ""))[0] for run in runs] for name in names}
    return {name: each for name, each in values.items() if len(set(each)) > 1}


def numbers(runs: Sequence[ToldRun]) -> list[dict[str, JSON]]:
    """What the runs came to, one record for each; null where a number is not known."""
    return [
        {
            "run": str(run.folder),
            "name": label,
            "problem": run.name,
            "method": run.method,
            "outcome": run.outcome,
            "complete": run.reached is None and not run.unfinished,
            "reached": run.reached,
            "error": run.error,
            "bar": run.bar,
            "loss": run.loss,
            "steps": run.steps,
            "seconds": run.seconds,
            "parameters": run.parameters,
        }
        for run, label in zip(runs, labels(runs), strict=True)
    ]


def table_of(runs: Sequence[ToldRun]) -> list[tuple[str, ...]]:
    """The same for people: a row for each quantity, a column for each run."""
    rows: list[tuple[str, ...]] = [("run", *labels(runs))]
    if len({run.name for run in runs}) > 1:
        rows.append(("problem", *(run.name for run in runs)))
    rows += [
        ("method", *(run.method for run in runs)),
        ("outcome", *(run.status for run in runs)),
        ("error", *(number(run.error) for run in runs)),
        ("error bar", *(run.bar for run in runs)),
        ("loss", *(number(run.loss) for run in runs)),
        ("steps", *(number(run.steps) for run in runs)),
        ("time", *(seconds(run.seconds) for run in runs)),
        ("parameters", *(number(run.parameters) for run in runs)),
    ]
    if any(run.reached is not None for run in runs):
        ends = ("the end" if r.reached is None else f"{r.reached:.4g}" for r in runs)
        rows.append(("solved up to", *ends))
    return rows


def curves(runs: Sequence[ToldRun]) -> Picture | None:
    """Loss, and error where it is known, of all runs against seconds; None without any rows."""
    import matplotlib as mpl

    told = list(zip(runs, labels(runs), strict=True))
    if not any(run.course.steps for run in runs):
        return None
    known = any(run.course.knows_error for run in runs)
    with mpl.rc_context({**STYLE, "axes.facecolor": "white"}):
        figure = Picture((7.2, 0.4 + 2.5 * (1 + known)), dpi=DPI, layout="constrained")
        panels = figure.subplots(1 + known, 1, squeeze=False, sharex=True)[:, 0]
        for axes, quantity in zip(panels, ("loss", "error"), strict=False):
            ends, shown = [], [np.array([])]
            for i, (run, label) in enumerate(told):
                values = np.asarray(getattr(run.course, quantity), dtype=np.float64)
                x = np.asarray(run.course.seconds, dtype=np.float64)
                good = np.isfinite(values) & (values > 0) & np.isfinite(x)
                colour = SHADES[i % len(SHADES)]
                axes.plot(x[good], values[good], "o-", color=colour, linewidth=THICK, markersize=2)
                shown.append(values[good])
                if good.any():
                    ends.append((label, float(values[good][-1]), colour))
            if len(every := np.concatenate(shown)):
                axes.set_yscale("log")
                at_least_a_decade(axes, every)
            label_ends(axes, ends)
            axes.set_ylabel("relative error" if quantity == "error" else "loss")
            axes.spines[["top", "right"]].set_visible(False)
        panels[-1].set_xlabel("seconds")
        figure.suptitle(plain(", ".join(dict.fromkeys(run.name for run in runs))), fontsize=10.5)
    return figure


def _body(runs: Sequence[ToldRun], place: Path) -> Iterator[str]:
    names, problems = labels(runs), dict.fromkeys(run.name for run in runs)
    yield f"<h1>{escaped(' and '.join(problems))}</h1>"
    yield f'<p class="lead">{len(runs)} runs side by side</p>'
    yield '<div class="stack">'
    dots = [
        f'<span class="dot" style="background:{SHADES[i % len(SHADES)]}"></span>{escaped(name)}'
        for i, name in enumerate(names)
    ]
    heading, *rows = table_of(runs)
    shown = [[escaped(cell) for cell in row] for row in rows if row[0] != "outcome"]
    shown.insert(1, ["outcome", *(outcome_chip(run) for run in runs)])
    yield card("What came of them", wide(("", *dots), shown, marked_up=True))
    changed = [[escaped(n), *map(_code, values)] for n, values in differing(runs).items()]
    same = '<p class="caption">All choices are the same.</p>'
    yield card(
        "What they differ in", wide(("", *dots), changed, marked_up=True) if changed else same
    )
    if (drawn := curves(runs)) is not None:
        yield card("How they went", pictured(drawn.png(160), "loss and error by seconds"))
    yield f'<div class="row">{"".join(_pictures(runs, dots, place))}</div>'
    yield "</div>"


def _pictures(runs: Sequence[ToldRun], dots: Sequence[str], place: Path) -> Iterator[str]:
    for run, dot in zip(runs, dots, strict=True):
        data = run.picture("field.png")
        inner = (
            '<p class="caption">No picture was drawn.</p>'
            if data is None
            else pictured(data, f"the solution of {run.name}")
        )
        said = f'<p class="caption">{marked(run.said.reason or run.unfinished)}</p>'
        report, link = run.folder / "report.html", ""
        if report.is_file():
            address = escaped(os.path.relpath(report, place))
            link = f'<p class="caption"><a href="{address}">its own report</a></p>'
        yield f'<section class="card padded"><h2>{dot}</h2>{inner}{said}{link}</section>'


def _code(text: str) -> str:
    return f"<code>{escaped(text)}</code>"
