"""One picture of what was solved or fitted: a solution, or the surface of a distance."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from siren_pde.errors import ConfigError
from siren_pde.plots.mesh import plot_mesh
from siren_pde.plots.solution import plot as plot_solution
from siren_pde.scans.signed_distance import SignedDistance
from siren_pde.solving.solution import Solution

if TYPE_CHECKING:
    from siren_pde.plots.picture import Picture


def plot(
    result: Solution | SignedDistance,
    path: str | os.PathLike[str] | None = None,
    *,
    size: tuple[float, float] | None = None,
    at: Mapping[str, float] | None = None,
) -> Picture:
    """Draw a solution, the truth if it is known, and their difference; or a distance's surface.

    A solution has one row per output, along one coordinate as curves, along two as maps with a
    common scale; the difference is on a logarithmic scale. `at={"z": 0.5}` holds coordinates fixed;
    where more than two remain, the slice goes through the middle, as the title says. Places outside
    the domain are grey. Of a signed distance function, three shaded views show its mesh; of another
    resolution, draw them by `plot_mesh(distance.mesh(512))`.

    `path` ends in .png, .pdf or .svg; left out, nothing is written. `size` is (width, height) in
    inches. Returns the figure, which shows itself in a notebook. Raises ConfigError if there is
    nothing to draw, StorageError if the file cannot be written.
    """
    if isinstance(result, Solution):
        return plot_solution(result, path, size=size, at=at)
    if not isinstance(result, SignedDistance):
        raise ConfigError(
            f"`plot` draws what `solve` or `fit_sdf` returns, got {type(result).__name__}."
        )
    if at is not None:
        raise ConfigError(
            f"a distance is drawn by its surface, which has no slice `at` {dict(at)}. Leave it out."
        )
    return plot_mesh(result.mesh(), path, size=size)
