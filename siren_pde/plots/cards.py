"""What was solved or fitted at a glance, as HTML: what notebooks show of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from siren_pde.errors import SirenPDEError
from siren_pde.estimates.verdict import Verdict
from siren_pde.files.markup import image, table
from siren_pde.meshes.mesh import Mesh
from siren_pde.plots.mesh import plot_mesh
from siren_pde.plots.solution import Drawable, plot

if TYPE_CHECKING:
    from siren_pde.plots.picture import Picture

COARSE = 96
"""Cells along the box of a surface that is only glanced at."""


class Told(Drawable, Verdict, Protocol):
    """What a card tells of a solution."""

    @property
    def parameters(self) -> int:
        """How many numbers determine the field."""
        ...


class Surface(Protocol):
    """What a card tells of a signed distance function."""

    @property
    def solution(self) -> Told:
        """What was fitted, in coordinates of its own."""
        ...

    @property
    def cloud(self) -> object:
        """The points."""
        ...

    def mesh(self, resolution: int = 256) -> Mesh:
        """The surface."""
        ...


def solution_card(solution: Told) -> str:
    """A solution: what was found, by which method and why, how it ended, how right it is."""
    return _card(_rows(solution), _drawn(solution))


def surface_card(distance: Surface, numbers: Iterable[tuple[str, object]]) -> str:
    """A signed distance function: some numbers, how its fit ended, and views of its surface."""
    fit = distance.solution
    rows = [*numbers, ("fitted by", fit.method), ("ended", fit.stop_reason), *_size(fit)]
    return _card(rows, plot_mesh(distance.mesh(COARSE), size=(9.0, 3.3)))


def _rows(solution: Told) -> list[tuple[str, object]]:
    problem, part = solution.problem, solution.part
    return [
        ("problem", problem.name if problem else "none attached"),
        ("method", solution.method),
        ("why", solution.why),
        ("outcome", f"{solution.outcome.name}: {solution.stop_reason}"),
        *([("reached", f"{part} only: all beyond is NaN")] if part else []),
        ("error bar", solution.estimate),
        *((f"residual of {name}", f"{v:.1e}") for name, v in solution.residuals.items()),
        *_size(solution),
    ]


def _size(solution: Told) -> list[tuple[str, object]]:
    return [("parameters", f"{solution.parameters:,}"), ("time", f"{solution.seconds:.1f} s")]


def _drawn(solution: Told) -> Picture | None:
    """The picture, None where there is nothing to draw."""
    try:
        return plot(solution)
    except SirenPDEError:
        return None


def _card(rows: Iterable[tuple[object, object]], picture: Picture | None) -> str:
    shown = "" if picture is None else image(picture.png(), picture.words)
    return f'<div class="siren-pde-card">{table(rows)}{shown}</div>'
