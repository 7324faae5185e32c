"""`siren-pde compare`: runs side by side, as a page and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from siren_pde.cli.answers import as_json
from siren_pde.plots.compare import differing, numbers, table_of, write_comparison


def run(folders: Sequence[Path], out: Path, *, json: bool) -> str:
    """Write the page of several runs to `out`; what to print of them."""
    runs = write_comparison(folders, out)
    if json:
        return as_json({"runs": numbers(runs), "differing": differing(runs), "out": str(out)})
    rows = [*table_of(runs), ("written", str(out))]
    columns = list(zip(*rows[:-1], strict=True))
    widths = [max(map(len, column)) + 2 for column in columns]
    lines = (
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in rows
    )
    return "\n".join(lines)
