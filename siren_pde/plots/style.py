"""How pictures look and how names are written in them, as in a paper."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from siren_pde.problem import Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLE: Any = {
    "font.family": ["STIXGeneral", "DejaVu Sans"],
    "mathtext.fontset": "stix",
    "font.size": 9.5,
    "axes.titlesize": 9.5,
    "axes.titlepad": 5,
    "axes.linewidth": 0.6,
    "axes.facecolor": "0.9",
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "ytick.minor.size": 0,
    "svg.fonttype": "none",
}
BLUE, RED = "#2166ac", "#b2182b"
APART = 0.085
"""Names at the ends of curves are so far apart, in heights of a panel."""
_GREEK = frozenset(
    "alpha beta gamma delta epsilon eta theta kappa lambda mu nu xi rho sigma tau phi chi psi omega"
    " Omega Phi Psi Theta".split()
)


def at_least_a_decade(axes: Axes, values: npt.NDArray[np.float64]) -> None:
    """Limits that make a logarithmic axis readable where all values are much alike."""
    values = values[np.isfinite(values)]
    if values.size and values.max() < 10 * values.min():
        middle = math.sqrt(values.max() * values.min())
        axes.set_ylim(middle / 10, middle * 10)


def label_ends(axes: Axes, ends: Sequence[tuple[str, float, str]]) -> None:
    """Names of curves, by their last values and in their colours, right of an axis; where curves
    end close to each other, names are moved apart.
    """
    transform = axes.transScale + axes.transLimits  # from values to shares of the height
    shown = [(float(transform.transform((1, v))[1]), t, c) for t, v, c in ends if v == v]
    shown.sort()
    heights = spread([height for height, _, _ in shown], APART)
    for height, (_, text, colour) in zip(heights, shown, strict=True):
        axes.annotate(
            plain(text),
            (1.02, height),
            xycoords="axes fraction",
            color=colour,
            fontsize=8.5,
            verticalalignment="center",
        )


def spread(heights: Sequence[float], apart: float) -> list[float]:
    """Heights in ascending order, so far apart at least, each group about where it was."""
    groups: list[tuple[float, int]] = []  # the middle of each, and how many it has
    for height in heights:
        middle, count = height, 1
        while groups and groups[-1][0] + apart * (groups[-1][1] + count) / 2 > middle:
            before, many = groups.pop()
            middle, count = (before * many + middle * count) / (many + count), many + count
        groups.append((middle, count))
    return [
        middle + apart * (i - (count - 1) / 2) for middle, count in groups for i in range(count)
    ]


def plain(text: str) -> str:
    """A text of which nothing is taken for mathematics."""
    return re.sub(r"([$\\])", r"\\\1", text)


def name_of(problem: Problem | None) -> str:
    """The name of a problem, to be read."""
    return plain(problem.name if problem else "solution").replace("_", " ")


def symbol(name: str, index: int = 0) -> str:
    """A name as mathematics writes it: x, ν, u₁, pressure."""
    stem, *below = name.split("_")
    text = rf"\{stem}" if stem in _GREEK else stem if len(stem) == 1 else rf"\mathit{{{stem}}}"
    lower = ",".join([*below, *([str(index)] if index else [])])
    return f"${text}_{{{lower}}}$" if lower else f"${text}$"
