"""`siren-pde bench`: a suite of benchmarks, each cell once, its results and their page."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from siren_pde.cli.answers import as_json
from siren_pde.cli.methods import CLASSES, SHORT
from siren_pde.errors import ConfigError
from siren_pde.files.json_values import Description
from siren_pde.runs.lock import Lock
from siren_pde.suites.answers import as_values, shown
from siren_pde.suites.cells import Cell
from siren_pde.suites.declared import Suite, Wanted, suite_of
from siren_pde.suites.outcomes import FAILED, Row
from siren_pde.suites.page import write_suite
from siren_pde.suites.peers import is_peer, peer_cells
from siren_pde.suites.places import local
from siren_pde.suites.sources import repository
from siren_pde.suites.store import NAME, Store, line_of, older
from siren_pde.suites.sweep import Sweep

PAGE = "index.html"


@dataclass(frozen=True)
class Options:
    """What the command was given."""

    suite: str
    out: Path | None
    seeds: int | None
    jobs: int | None
    only: Sequence[str]
    budget: float | None
    data: Path | None
    compare: Path | None
    force: bool
    peers: Sequence[str] | None = None


def run(given: Options, *, json: bool) -> tuple[str, int]:
    """Run every cell that has not been; what to print, and 0 if all have a result, else 1."""
    if given.budget is not None and not 0 < given.budget < math.inf:
        raise ConfigError(f"`--budget` is a number of seconds > 0, got {given.budget:g}.")
    before = [] if given.compare is None else older(given.compare)
    root = given.out or Path("runs") / "bench" / Path(given.suite).stem
    wanted = Wanted(
        seeds=given.seeds,
        seconds=given.budget,
        data=given.data,
        samples=root / "points",
        methods=(*SHORT, *CLASSES),
    )
    suite = suite_of(given.suite, wanted)
    if given.peers is not None:
        suite = with_peers(suite, given)
    cells = chosen(suite, given.only)
    lock = Lock.made(root)
    try:
        lines = _run(suite, cells, root, given)
        page = _page(suite, root, before)
    except KeyboardInterrupt:  # what has ended is shown, too
        _page(suite, root, before)
        raise
    finally:
        lock.release()
    said = as_values(suite.name, lines, before)
    failed = sum(line.get("outcome") == FAILED for line in lines)
    text = as_json({**said, "out": str(root), "page": str(page)})
    if not json:
        text = f"{shown(lines, before)}\n\nwritten  {root}: {NAME}, {PAGE}"
        if failed:
            text += f"\n{failed} of {len(lines)} cells have no result."
    return text, int(failed > 0)


def with_peers(suite: Suite, given: Options) -> Suite:
    """With cells of all peers, or of those whose names are given. Raises ConfigError."""
    base, names = repository(suite.name), given.peers or ()
    peers = peer_cells(suite.cells, base, names, given.seeds, given.budget)
    return replace(suite, cells=(*suite.cells, *peers))


def chosen(suite: Suite, only: Sequence[str]) -> list[Cell]:
    """The cells whose problem, field or method is one of these names, or of such a pattern; all if
    none is given. Raises ConfigError for a name that no cell has.
    """
    kept: list[Cell] = []
    for name in only:
        several = [
            cell
            for cell in suite.cells
            if any(fnmatchcase(own, name) for own in (cell.problem, cell.field, cell.method))
        ]
        if not several:
            known = ", ".join(dict.fromkeys(cell.problem for cell in suite.cells))
            raise ConfigError(
                f"`--only {name}` is no problem, field or method of the suite `{suite.name}`, and "
                f"no pattern of one. Its problems are {known}."
            )
        kept += several
    return [cell for cell in suite.cells if cell in kept] if only else [*suite.cells]


def _run(suite: Suite, cells: Sequence[Cell], root: Path, given: Options) -> list[Description]:
    """Run what is left to be run; the line of the store for each cell, in their order."""
    cores = len(os.sched_getaffinity(0))
    jobs = min(given.jobs or (1 if suite.alone else cores), len(cells))
    threads = max(1, cores // jobs)
    store = Store.opened(root)

    def told(row: Row[Cell]) -> None:
        store.add(line_of(suite.name, row, root))

    ours = [cell for cell in cells if not is_peer(cell.field)]
    peers = [cell for cell in cells if is_peer(cell.field)]
    for several, at_once in ((ours, jobs), (peers, 1)):
        if several:
            sweep = Sweep([cell.job(root, threads) for cell in several], threads, given.force)
            _say(f"{suite.name}: {len(several)} cells, {at_once} at once, threads: {threads}")
            sweep.run(local(at_once), at_once, _say, told)
    latest = store.latest()
    return [latest[cell.label] for cell in cells]


def _page(suite: Suite, root: Path, before: Sequence[Description]) -> Path:
    """Write the page of all cells of a suite that have ended, by whatever command."""
    latest = Store(root / NAME).latest()
    lines = [latest[cell.label] for cell in suite.cells if cell.label in latest]
    return write_suite(root / PAGE, suite.name, suite.about, lines, before)


def _say(text: str) -> None:
    print(f"siren_pde: {text}", file=sys.stderr, flush=True)
