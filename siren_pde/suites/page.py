"""The page of a suite: a table to sort, errors by seconds, profiles, pictures, and what changed.

It is made of the results alone, and of the pictures that runs have left beside them.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from siren_pde.files.json_values import Description
from siren_pde.files.markup import escaped
from siren_pde.plots.compare import SHADES
from siren_pde.plots.pages import card, chip, listed, marked, page, wide, write
from siren_pde.suites.outcomes import FAILED
from siren_pde.suites.profiles import Steps, compared, performance_ratios, reached
from siren_pde.suites.ratios import besides
from siren_pde.suites.regressions import changes, missing
from siren_pde.suites.standings import TOLERANCES, Result, Standing, results_of, standings
from siren_pde.suites.svg import Axis, Curve, Point, drawing, legend
from siren_pde.suites.tables import (
    changes_table,
    fits_table,
    measured_table,
    outcome_chips,
    peers_table,
    results_table,
)

LEAST = 1e-17
"""Errors below are drawn there: zero has no logarithm."""
PICTURES = ("field.png", "mesh.png")
SMALL = 480
"""Pixels across a thumbnail, at most."""
QUALITY = 85
"""Of thumbnails, in per cent: letters stay clear, at a fifth of the bytes of a PNG."""


def write_suite(
    path: Path,
    name: str,
    about: str,
    lines: Sequence[Description],
    before: Sequence[Description] = (),
) -> Path:
    """Write the page of the results of a suite, beside the folders of its runs; returns where.

    `before` are the results of an earlier run. Raises StorageError if it cannot be written.
    """
    write(path, page(name, "\n".join(_body(path.parent, name, about, lines, before))))
    return path


def _body(
    root: Path,
    name: str,
    about: str,
    lines: Sequence[Description],
    before: Sequence[Description],
) -> Iterator[str]:
    failed = [line for line in lines if line.get("outcome") == FAILED]
    yield f"<style>{_source('suite.css')}</style>"
    counts = chip(f"{len(lines)} cell{'s' * (len(lines) != 1)}") + (
        chip(f"{len(failed)} failed", "bad") if failed else ""
    )
    yield f'<div class="head"><h1>{escaped(name)}</h1>{counts}</div>'
    yield f'<p class="lead">{marked(about)}</p>'
    yield '<div class="stack">'
    if notes := list(_mixed(lines)):
        yield f'<div class="note">{listed(notes)}</div>'
    every = standings(results_of(lines, "solve"))
    earlier = standings(results_of(before))
    if before:
        yield _since(standings(results_of(lines)), earlier)
    if every:
        caption = "Relative L² errors, medians and the worst over seeds; L∞ is the largest error "
        caption += "as a share of the largest value, of the worst seed; the error bar, the time "
        caption += "and parameters are medians, memory is the most. A time to an error is when it "
        caption += "was first seen to be so small: it is looked at in steps 1, 2, 4, 8 … and at "
        caption += "the end."
        text = f'<p class="caption">{caption}</p>'
        yield card("Results", results_table(every, earlier), text)
    if beside := besides(every):
        text = "The best error that any seed of a peer reached, and after how many seconds of "
        text += "training; the median time until ours was as small; and the medians that both end "
        text += "at. Imports, compilation and measuring count for nobody."
        yield card("Beside peers", peers_table(beside), f'<p class="caption">{text}</p>')
    yield from _fits_and_scripts(lines, root)
    if failed:
        yield card("What failed", listed(f"`{each['label']}`: {each['reason']}" for each in failed))
    yield from _profiles([result for each in every for result in each.results])
    if every:
        yield f'<div class="problems">{"".join(_problems(every, root))}</div>'
    yield card("Where it ran", _machines(lines))
    yield f"</div><script>{_source('suite.js')}</script>"


def _since(every: Sequence[Standing], earlier: Sequence[Standing]) -> str:
    """What has changed since an earlier run: the worse first."""
    several = [change for change in changes(every, earlier) if change.worse or change.better]
    several.sort(key=lambda change: not change.worse)
    worse = sum(bool(change.worse) for change in several)
    text = f"{worse} of {len(every)} are worse: an error by more than 3 ×, a time by more than "
    text += "1.5 ×, or a seed that fails and did not."
    gone = [", ".join(key) for key in missing(every, earlier)]
    rest = f"Not in this run: {'; '.join(gone)}." if gone else ""
    shown = changes_table(several) if several else "<p>Nothing is worse, and nothing better.</p>"
    caption = f'<p class="caption">{escaped(f"{text} {rest}".strip())}</p>'
    return card("Beside the earlier run", shown, caption)


def _fits_and_scripts(lines: Sequence[Description], root: Path) -> Iterator[str]:
    if fits := results_of(lines, "sdf"):
        text = "Lengths are shares of the diagonal of the points’ bounding box."
        shown = "".join(
            f"<div><h3>{escaped(each.first.problem)}</h3>{picture}</div>"
            for each in standings(fits)
            if (picture := thumbnail(root, each.first, each.first.problem))
        )
        grid = f'<div class="problems">{shown}</div>'
        yield card("Surfaces", fits_table(fits), f'<p class="caption">{text}</p>', grid)
    for each in standings(results_of(lines, "script")):
        inner = outcome_chips(each), measured_table(each)
        yield card(each.first.problem, *inner)


def _profiles(results: Sequence[Result]) -> Iterator[str]:
    """For each tolerance: shares by seconds, and where solvers share problems by ratio."""
    solvers = list(dict.fromkeys(result.solver for result in results))
    colours = {name: SHADES[i % len(SHADES)] for i, name in enumerate(solvers)}
    ratios, shares = [], []
    for tolerance in TOLERANCES:
        title = f"<h3>error ≤ {tolerance:.0e}</h3>".replace("e-0", "e-")
        if times := compared(results, tolerance):
            drawn = _shares(performance_ratios(times), colours, "times the fastest solver’s time")
            ratios.append(f"<div>{title}{drawn}</div>")
        drawn = _shares(reached(results, tolerance), colours, "seconds")
        shares.append(f"<div>{title}{drawn}</div>")
    names = legend([*colours.items()])
    if ratios:
        text = "The share of problems and seeds, of those that all solvers were given, which a "
        text += "solver brings to an error within a multiple of the fastest one’s time (Dolan and "
        text += "Moré, 2002). Left, how often it is the fastest; right, how often it gets there."
        caption = f'<p class="caption">{escaped(text)}</p>'
        yield card(
            "Performance profiles", names, f'<div class="row">{"".join(ratios)}</div>', caption
        )
    if results:
        yield card("Solved by seconds", names, f'<div class="row">{"".join(shares)}</div>')


def _shares(rows: dict[str, Steps], colours: dict[str, str], label: str) -> str:
    """Shares that rise in steps, on a logarithmic axis."""
    numbers = [value for steps in rows.values() for value in steps.numbers if value > 0]
    x = Axis.close(label, [*numbers, *([] if len(set(numbers)) > 1 else [1.0, 10.0])])
    curves = []
    for name, steps in rows.items():
        points: list[Point] = [(x.low, steps.at(x.low))]
        points += [(value, steps.at(value)) for value in steps.numbers]
        curves.append(Curve(name, colours[name], [*points, (x.high, steps.last)], steps=True))
    return drawing(curves, x, Axis.shares("share"), f"share of cells by {label}")


def _problems(every: Sequence[Standing], root: Path) -> Iterator[str]:
    """For each problem its curves, and what the solution looks like."""
    solvers = list(dict.fromkeys(each.first.solver for each in every))
    colours = {name: SHADES[i % len(SHADES)] for i, name in enumerate(solvers)}
    for problem in dict.fromkeys(each.first.problem for each in every):
        own = [each for each in every if each.first.problem == problem]
        results = [result for each in own for result in each.results]
        used = [(name, colours[name]) for name in dict.fromkeys(r.solver for r in results)]
        picture = next(filter(None, (thumbnail(root, r, problem) for r in results)), "")
        drawn = _course(results, colours, problem)
        yield card(problem, picture, legend(used) if len(used) > 1 else "", drawn)


def _course(results: Sequence[Result], colours: dict[str, str], problem: str) -> str:
    """The errors of all seeds by seconds."""
    curves = []
    for result in results:
        points = [(s, max(e, LEAST)) for s, e in result.curve if s > 0 and e >= 0]
        if points:
            name = f"{result.solver}, seed {result.seed}: {points[-1][1]:.1e}"
            curves.append(Curve(name, colours[result.solver], points))
    if not curves:
        return '<p class="caption">No error is known on the way.</p>'
    every = [point for curve in curves for point in curve.points]
    x = Axis.close("seconds", [seconds for seconds, _ in every])
    y = Axis.decades("relative L² error", [error for _, error in every])
    return drawing(curves, x, y, f"errors of {problem} by seconds")


def thumbnail(root: Path, result: Result, alt: str) -> str:
    """The picture of a run, small; empty where there is none."""
    import matplotlib.image as images

    folder = result.line.get("folder")
    places = (root / (folder if isinstance(folder, str) else "") / name for name in PICTURES)
    path = next((place for place in places if place.is_file()), None)
    try:
        pixels = None if path is None else images.imread(path)
    except (OSError, SyntaxError, ValueError):  # half a picture
        pixels = None
    if pixels is None:
        return ""
    by = max(1, math.ceil(pixels.shape[1] / SMALL))
    height, width = (by * (n // by) for n in pixels.shape[:2])
    blocks = pixels[:height, :width, :3].reshape(height // by, by, width // by, by, 3)
    buffer = io.BytesIO()
    images.imsave(buffer, blocks.mean((1, 3)), format="webp", pil_kwargs={"quality": QUALITY})
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="the solution of {escaped(alt)}" src="data:image/webp;base64,{data}">'


def _mixed(lines: Sequence[Description]) -> Iterator[str]:
    """Sentences on what makes results hard to compare."""
    for part, text in (("machine", "machines or numbers of threads"), ("versions", "versions")):
        several = {repr(line.get(part)) for line in lines if line.get("outcome") != FAILED}
        if len(several) > 1:
            yield (
                f"These results come from {len(several)} different {text}: run the suite again "
                "with `--force` before times are compared."
            )


def _machines(lines: Sequence[Description]) -> str:
    """The machine and the versions of the last cell."""
    rows = []
    for part in ("machine", "versions"):
        said = lines[-1].get(part) if lines else None
        rows += (
            [[escaped(n), escaped(v)] for n, v in said.items()] if isinstance(said, dict) else []
        )
    return wide(("machine and versions", ""), rows)


def _source(name: str) -> str:
    return files("siren_pde.suites").joinpath(name).read_text("utf-8")
