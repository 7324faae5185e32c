"""The course of a solve as curves: the loss, its share of each condition, the error if known."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from siren_pde.plots.figures import DPI, require_format, write_figure
from siren_pde.plots.style import BLUE, RED, STYLE, at_least_a_decade, label_ends, name_of
from siren_pde.problem import Problem
from siren_pde.solving.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from siren_pde.plots.picture import Picture

Floats = npt.NDArray[np.float64]

COLOURS = ("#e08214", "#1b7837", "#762a83", "#00797a", "#c51b7d", "#8c510a", "#4d4d4d")
"""Of the curves of conditions, in turn."""
DOTTED = 40
"""Up to so many rows, each is marked."""
THICK, THIN = 1.6, 1.0
LETTERS = 22
"""Longer names of conditions are cut off."""


class Run(Protocol):
    """What is drawn of the course of a solve."""

    @property
    def problem(self) -> Problem | None:
        """What was solved."""
        ...

    @property
    def method(self) -> str:
        """By which method."""
        ...

    @property
    def history(self) -> History:
        """The course."""
        ...


@dataclass(frozen=True, eq=False)
class Course:
    """Rows (n,) of a run by steps: seconds since its start, the loss, the mean square of each
    condition, and the relative error; NaN where a number is not known.
    """

    steps: Sequence[float]
    seconds: Sequence[float]
    loss: Sequence[float]
    terms: Mapping[str, Sequence[float]] = field(default_factory=dict)
    error: Sequence[float] = ()

    @staticmethod
    def of(history: History) -> Course:
        """That of a history."""
        return Course(history.steps, history.seconds, history.losses, history.terms)

    @property
    def curves(self) -> list[tuple[str, Floats, str]]:
        """Names, values and colours: the loss first, then the conditions."""
        terms = [(name, _floats(values)) for name, values in self.terms.items()]
        named = [(n, v, COLOURS[i % len(COLOURS)]) for i, (n, v) in enumerate(terms)]
        return [("loss", _floats(self.loss), BLUE), *named]

    @property
    def knows_error(self) -> bool:
        """Whether an error was measured on the way."""
        return bool(np.isfinite(_floats(self.error)).any())


def plot_history(
    solution: Run,
    path: str | os.PathLike[str] | None = None,
    *,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw the loss and the mean square of each condition against the steps and the seconds of a
    solve; `path` and `size` as for `plot`.
    """
    title = f"{name_of(solution.problem)} by {solution.method}"
    return draw_course(Course.of(solution.history), title, path, size=size)


def draw_course(
    course: Course,
    title: str,
    path: str | os.PathLike[str] | None = None,
    *,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw a course: residuals above, and the error below where it is known."""
    import matplotlib as mpl

    from siren_pde.plots.picture import Picture

    require_format(path)
    rows = 1 + course.knows_error
    with mpl.rc_context({**STYLE, "axes.facecolor": "white"}):
        figure = Picture(size or (7.2, 0.4 + 2.3 * rows), dpi=DPI, layout="constrained")
        grid = figure.subplots(rows, 2, squeeze=False, sharex="col", sharey="row")
        _residuals(grid[0], course)
        if course.knows_error:
            error = _floats(course.error)
            for axes, x in zip(grid[1], (course.steps, course.seconds), strict=True):
                _curve(axes, x, error, RED, THICK)
            _logarithmic(grid[1], error)
            grid[1][0].set_ylabel("relative error")
        for axes, label in zip(grid[-1], ("steps", "seconds"), strict=True):
            axes.set_xlabel(label)
        for axes in grid[:, 0]:
            axes.xaxis.get_major_locator().set_params(integer=True)
        for axes in grid.flat:
            axes.spines[["top", "right"]].set_visible(False)
        figure.suptitle(title, fontsize=10.5)
        write_figure(figure, path)
    return figure


def _residuals(row: Sequence[Axes], course: Course) -> None:
    """The loss and the conditions against steps and seconds, named at their ends."""
    for axes, x in zip(row, (course.steps, course.seconds), strict=True):
        for i, (_, values, colour) in enumerate(course.curves):
            _curve(axes, x, values, colour, THIN if i else THICK)
    _logarithmic(row, np.concatenate([values for _, values, _ in course.curves]))
    row[0].set_ylabel("mean squares" if course.terms else r"loss  $\frac{1}{2}\Vert r\,\Vert^2$")
    if course.terms:
        ends = [(_short(n), _last(values), colour) for n, values, colour in course.curves]
        label_ends(row[1], ends)


def _curve(axes: Axes, x: Sequence[float], values: Floats, colour: str, width: float) -> None:
    known = np.isfinite(values)
    style = "o-" if known.sum() <= DOTTED else "-"
    axes.plot(_floats(x)[known], values[known], style, color=colour, linewidth=width, markersize=2)


def _logarithmic(row: Sequence[Axes], values: Floats) -> None:
    if (values > 0).any():
        row[0].set_yscale("log", nonpositive="mask")  # panels of a row share it
        at_least_a_decade(row[0], values[values > 0])


def _last(values: Floats) -> float:
    """The last number that a logarithmic axis shows, NaN if there is none."""
    shown = values[np.isfinite(values) & (values > 0)]
    return float(shown[-1]) if len(shown) else float("nan")


def _floats(values: Sequence[float]) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _short(name: str) -> str:
    return name if len(name) <= LETTERS else name[: LETTERS - 1] + "…"
