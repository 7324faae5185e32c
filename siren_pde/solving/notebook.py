"""A solve in a notebook: the rows of its progress under the cell that started it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, final

from siren_pde.files.markup import escaped, table
from siren_pde.solving.progress_rows import Terms, cells, remembered
from siren_pde.solving.report import Callback, Report, Scheduled

KERNEL = "ZMQInteractiveShell"
"""What IPython calls the shell of a notebook's kernel; on a terminal it has another one."""
CLASS = "siren-pde-progress"


def in_notebook() -> bool:
    """Whether this runs in the kernel of a notebook; IPython is not imported for it."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and type(ipython.get_ipython()).__name__ == KERNEL


@final
@dataclass(frozen=True, eq=False)
class NotebookPanel:
    """A callback that shows the reports of a solve in one place under the cell.

    The place is made at the first report.
    """

    terms: Terms = field(default_factory=remembered)
    place: list[Any] = field(default_factory=list)

    def __call__(self, report: Report) -> None:
        """Show a report in place of the one before."""
        notebook = import_module("IPython.display")
        shown = notebook.HTML(markup(report, self.terms(report)))
        if self.place:
            self.place[0].update(shown)
        else:
            self.place.append(notebook.display(shown, display_id=True))


def markup(report: Report, terms: dict[str, float]) -> str:
    """A bar and the rows of a report."""
    used = 1.0 if report.iterate.finished else report.used
    bar = f'<progress value="{used:.3f}" max="1"></progress>'
    name = escaped(report.method.name)
    return f'<div class="{CLASS}"><b>{name}</b> {bar}{table(cells(report, terms))}</div>'


def with_panel(callbacks: Sequence[Callback], *, quiet: bool) -> Sequence[Callback]:
    """The callbacks of a solve; in a notebook a panel is one of them, unless it is `quiet`."""
    watched = any(isinstance(Scheduled.of(each).callback, NotebookPanel) for each in callbacks)
    return callbacks if quiet or watched or not in_notebook() else [*callbacks, NotebookPanel()]
