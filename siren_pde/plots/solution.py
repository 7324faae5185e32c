"""Pictures of solutions in the quality of a paper: the field, the truth, and where they differ."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from siren_pde.estimates.estimate import Estimate
from siren_pde.plots.figures import DPI, power, require_format, write_figure
from siren_pde.plots.slices import Fitted, Output, Slice, constants, slice_of
from siren_pde.plots.style import BLUE, RED, STYLE, at_least_a_decade, name_of, symbol

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.image import AxesImage

    from siren_pde.plots.picture import Picture

Floats = npt.NDArray[np.float64]

MOST_ROWS = 4


class Drawable(Fitted, Protocol):
    """What is drawn of a solution."""

    def error(self) -> float:
        """The relative L² error."""
        ...

    @property
    def estimate(self) -> Estimate:
        """What is estimated of it."""
        ...


def plot(
    solution: Drawable,
    path: str | os.PathLike[str] | None = None,
    *,
    size: tuple[float, float] | None = None,
    at: Mapping[str, float] | None = None,
) -> Picture:
    """Draw a solution, the truth if it is known, and their difference; see `siren_pde.plot`."""
    import matplotlib as mpl

    require_format(path)
    cut = slice_of(solution, at)
    with mpl.rc_context(STYLE):
        draw = _curves if len(cut.axes) == 1 else _maps
        figure = draw(cut, cut.outputs[:MOST_ROWS], size)
        figure.suptitle(_title(solution, cut), fontsize=10.5)
        write_figure(figure, path)
    return figure


# ── one and two coordinates ───────────────────────────────────────────────────────────────────────


def _curves(cut: Slice, outputs: tuple[Output, ...], size: tuple[float, float] | None) -> Picture:
    from siren_pde.plots.picture import Picture

    known = any(output.exact is not None for output in outputs)
    figure = Picture(
        size or (6.4 if known else 3.9, 2.0 * len(outputs) + 0.6), dpi=DPI, layout="constrained"
    )
    grid = figure.subplots(len(outputs), 1 + known, squeeze=False, sharex=True)
    x = cut.ticks[0]
    for row, output in zip(grid, outputs, strict=True):
        row[0].plot(x, output.values, color=BLUE, linewidth=1.6, label="solution")
        if cut.part is not None and cut.axes[0] == cut.part.axis:
            for axes in row:
                axes.axvspan(max(cut.part.value, x[0]), x[-1], color="0.9", linewidth=0)
        row[0].set_ylabel(symbol(output.name, output.index))
        if output.exact is not None:
            row[0].plot(x, output.exact, "--", color="black", linewidth=0.9, label=cut.truth)
            row[0].legend(frameon=False, fontsize=8.5)
            difference = np.abs(output.values - output.exact)
            row[1].semilogy(x, difference, color=RED, linewidth=0.9, nonpositive="mask")
            row[1].set_ylabel(_difference(output, cut.truth))
            at_least_a_decade(row[1], difference[difference > 0])
        for axes in row:
            axes.set_facecolor("white")
            axes.spines[["top", "right"]].set_visible(False)
            axes.set_xlim(x[0], x[-1])
    for axes in grid[-1]:
        axes.set_xlabel(symbol(cut.axes[0]))
    return figure


def _maps(cut: Slice, outputs: tuple[Output, ...], size: tuple[float, float] | None) -> Picture:
    from siren_pde.plots.picture import Picture

    known = any(output.exact is not None for output in outputs)
    extents = [ticks[-1] - ticks[0] for ticks in cut.ticks]
    ratio = 0.8 if "t" in cut.axes else float(np.clip(extents[1] / extents[0], 0.35, 1.6))
    width, panel = (7.2, 1.63) if known else (3.9, 2.6)
    height = (panel * ratio + 0.2) * len(outputs) + (0.7 if known else 0.55)
    figure = Picture(size or (width, height), dpi=DPI, layout="constrained")
    grid = figure.subplots(len(outputs), 3 if known else 1, squeeze=False, sharex=True, sharey=True)
    for row, output in zip(grid, outputs, strict=True):
        label = symbol(output.name, output.index)
        colours, scale = _scale(output)
        image = _map(row[0], cut, output.values, colours, scale)
        row[0].set_ylabel(symbol(_across(cut)[1]))
        if output.exact is not None:
            image = _map(row[1], cut, output.exact, colours, scale)
            _bar(row[1], image, label)
            difference = np.abs(output.values - output.exact)
            image = _map(row[2], cut, difference, "magma", _decades(difference))
            _bar(row[2], image, _difference(output, cut.truth))
        else:
            _bar(row[0], image, label)
            for empty in row[1:]:
                empty.set_axis_off()
    for axes in grid[-1]:
        axes.set_xlabel(symbol(_across(cut)[0]))
    for axes, title in zip(grid[0], ("solution", cut.truth, "difference"), strict=False):
        axes.set_title(title if known else "")
    return figure


def _across(cut: Slice) -> tuple[str, str]:
    """The horizontal and the vertical coordinate: time runs to the right."""
    first, second = cut.axes
    return (second, first) if second == "t" else (first, second)


def _map(axes: Axes, cut: Slice, values: Floats, colours: str, scale: Normalize) -> AxesImage:
    """An image whose pixels are centred on the points of the grid, cut off at its ends."""
    first, second = cut.ticks
    if cut.axes[1] == "t":
        values, first, second = values.T, second, first
    steps = [(ticks[-1] - ticks[0]) / (len(ticks) - 1) / 2 for ticks in (first, second)]
    image = axes.imshow(
        np.ma.masked_invalid(values.T),
        extent=(
            *(first[0] - steps[0], first[-1] + steps[0]),
            *(second[0] - steps[1], second[-1] + steps[1]),
        ),
        origin="lower",
        aspect="auto" if "t" in cut.axes else "equal",
        cmap=colours,
        norm=scale,
    )
    axes.set(xlim=(first[0], first[-1]), ylim=(second[0], second[-1]))
    axes.locator_params(nbins=4)
    return image


def _bar(axes: Axes, image: AxesImage, label: str) -> None:
    """A colour bar as high as its panel."""
    place = axes.inset_axes((1.04, 0.0, 0.045, 1.0))
    bar = axes.figure.colorbar(image, cax=place)
    bar.outline.set_linewidth(0.6)
    bar.set_label(label, labelpad=2)


def _scale(output: Output) -> tuple[str, Normalize]:
    """Colours and limits for a field and its truth: symmetric about zero if it has both signs."""
    from matplotlib.colors import Normalize

    values = output.values if output.exact is None else output.exact
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    reach = max(abs(low), abs(high)) or 1.0
    if min(-low, high) > 0.02 * reach:
        return "RdBu_r", Normalize(-reach, reach)
    spread = max(high - low, 1e-6 * reach)
    return "viridis", Normalize(low, low + spread)


def _decades(difference: Floats) -> Normalize:
    """Whole decades around the differences, at most five of them."""
    from matplotlib.colors import LogNorm

    values = difference[np.isfinite(difference) & (difference > 0)]
    if not values.size:
        return LogNorm(1e-17, 1e-15, clip=True)
    top = math.ceil(math.log10(np.quantile(values, 0.999)))
    bottom = math.floor(math.log10(np.quantile(values, 0.02)))
    return LogNorm(10.0 ** max(min(bottom, top - 1), top - 5), 10.0**top, clip=True)


# ── words ─────────────────────────────────────────────────────────────────────────────────────────


def _title(solution: Drawable, cut: Slice) -> str:
    parts, known = [name_of(solution.problem)], any(o.exact is not None for o in cut.outputs)
    if cut.part is not None:
        parts.append(f"not solved beyond {symbol(cut.part.axis)[:-1]} = {cut.part.value:.4g}$")
    if known and (cut.part is None or cut.part.anything):
        until = "" if cut.part is None else " until then"
        parts.append(rf"relative $L^2$ error{until} ${power(solution.error())}$")
    elif solution.estimate.reliable:
        parts.append(rf"estimated relative $L^2$ error ${power(solution.estimate.total)}$")
    for name, value in {**cut.fixed, **constants(solution.field)}.items():
        parts.append(f"{symbol(name)[:-1]} = {value:.6g}$")
    if len(cut.outputs) > MOST_ROWS:
        parts.append(f"{MOST_ROWS} of {len(cut.outputs)} outputs")
    return ",  ".join(parts)


def _difference(output: Output, truth: str) -> str:
    label = symbol(output.name, output.index)
    return f"|{label} − {truth}|"
