"""`siren-pde report`: the page of a run, finished or not."""

from __future__ import annotations

import sys
from pathlib import Path

from siren_pde.errors import SirenPDEError
from siren_pde.io.results import load
from siren_pde.plots.report import write_report
from siren_pde.plots.results import plot
from siren_pde.runs.folder import RESULTS

PICTURE = "field.png"


def run(folder: Path, out: Path | None) -> str:
    """Write the page of a run, into its folder unless `out` says where; what to print."""
    _drawn(folder)
    return f"{'written':<11}{write_report(folder, out)}"


def _drawn(folder: Path) -> None:
    """Draw the picture that a run from Python, or one that failed, has not left."""
    if (folder / PICTURE).exists() or not (folder / RESULTS).is_file():
        return
    try:
        plot(load(folder / RESULTS), folder / PICTURE)
    except SirenPDEError as error:
        print(f"siren_pde: no picture of the field: {error}", file=sys.stderr)
