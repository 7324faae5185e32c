"""`siren-pde report`: the page of a run, finished or not."""

from __future__ import annotations

from pathlib import Path

from siren_pde.plots.report import write_report


def run(folder: Path, out: Path | None) -> str:
    """Write the page of a run, into its folder unless `out` says where; what to print."""
    return f"{'written':<11}{write_report(folder, out)}"
