"""A scan's result as one page: its surface to turn, its numbers, and a slice through the distance.

The page is a single HTML file that needs no network; the viewer in it is `page.html`.
"""

from __future__ import annotations

import base64
import html
import io
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from siren_pde.files.atomic import atomic_write
from siren_pde.meshes.mesh import Mesh
from siren_pde.meshes.simplify import simplified
from siren_pde.plots.pages import stylesheet
from siren_pde.scans.signed_distance import SignedDistance

Floats = npt.NDArray[np.float64]

TRIANGLES = 140_000
"""Most triangles on a page; larger meshes are simplified for it."""
POINTS = 60_000
"""Most points of the scan on a page."""
COLOUR = ("red", "green", "blue")
"""Measurements at vertices that are colours, from 0 to 255."""
PIXELS = 401
"""Values along the longer side of the slice."""


def write_page(
    path: str | os.PathLike[str],
    distance: SignedDistance,
    mesh: Mesh,
    numbers: Mapping[str, object],
    *,
    title: str,
    measurements: Mapping[str, npt.ArrayLike] | None = None,
    normals: Floats | None = None,
) -> None:
    """Write the page of a fit and the mesh made of it; `numbers` become its table.

    `measurements` (v,) at the vertices of the mesh become ways to colour it: `red`, `green` and
    `blue`, from 0 to 255, its own colours, and each other one by its name. `normals` (v, 3) there
    are those of the distance, if they are known. Raises StorageError if the file cannot be written.
    """
    shown = simplified(mesh, TRIANGLES)
    if normals is None or shown is not mesh:
        normals = distance.normals(shown.vertices)
    less = "" if shown is mesh else f", shown with {len(shown.faces):,}"
    cloud = distance.centre + distance.scale * distance.cloud.positions
    kind = "a signed" if distance.cloud.has_sides else "an unsigned"
    plane = Plane.through(distance, mesh)
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in numbers.items()
    )
    parts = {
        "title": html.escape(title),
        "style": stylesheet(),
        "lead": f"{len(cloud):,} points became {kind} distance function and a mesh of "
        f"{len(mesh.faces):,} triangles{less}.",
        "rows": rows,
        "slice": base64.b64encode(plane.picture()).decode(),
        "caption": html.escape(plane.caption),
        "version": version("siren-pde"),
        "data": json.dumps(
            _data(distance, shown, cloud, normals=normals)
            | {"tints": _tints(mesh, shown, measurements or {})}
        ),
    }
    page = files("siren_pde.plots").joinpath("page.html").read_text("utf-8")
    text = re.sub(r"@(\w+)@", lambda mark: parts[mark[1]], page)
    atomic_write(path, text.encode())


@dataclass(frozen=True, eq=False)
class Plane:
    """Distances (n, m) at the ticks of the axes `right` and `up`, where `across` is at `place`."""

    right: int
    up: int
    across: int
    place: float
    ticks: tuple[Floats, Floats]
    values: Floats

    @classmethod
    def through(cls, distance: SignedDistance, mesh: Mesh) -> Plane:
        """The middle plane of a mesh across the shortest side of the box."""
        low, high = distance.bounds
        across = int(np.argmin(high - low))
        right, up = (axis for axis in range(3) if axis != across)
        place = float((mesh.vertices[:, across].min() + mesh.vertices[:, across].max()) / 2)
        step = float((high - low)[[right, up]].max()) / (PIXELS - 1)
        first, second = (
            np.linspace(low[i], high[i], round((high[i] - low[i]) / step) + 1) for i in (right, up)
        )
        x = np.full((len(first), len(second), 3), place)
        x[..., right], x[..., up] = np.meshgrid(first, second, indexing="ij")
        places = x.reshape(-1, 3)
        values = np.where(distance.is_known(places), distance(places), np.nan).reshape(x.shape[:2])
        return cls(right, up, across, place, (first, second), values)

    @property
    def gap(self) -> float:
        """A round distance between lines, about a ninth of the largest value."""
        return _round(float(np.nanmax(np.abs(self.values), initial=0.0)) / 9 or 1.0)

    @property
    def caption(self) -> str:
        """What the picture shows, in words."""
        side = "inside"
        if np.isnan(self.values).any():
            side = "behind the surface, white past its ends"
        return (
            f"The plane {'xyz'[self.across]} = {self.place:.6g}; blue is {side}. Lines of equal "
            f"distance every {self.gap:g}, the surface bold, in the unit of the points. Lines of a "
            "true distance are evenly spaced."
        )

    def picture(self) -> bytes:
        """The plane in colours and lines of equal distance, as a PNG."""
        from matplotlib.figure import Figure

        (first, second), values = self.ticks, self.values.T
        reach, lines = (
            float(np.nanmax(np.abs(values), initial=0.0)) or 1.0,
            self.gap * np.arange(-20, 21),
        )
        tall = max(8.2 * len(second) / len(first), 2.0)
        figure = Figure(figsize=(9.6, tall), dpi=150, layout="constrained")
        axes = figure.subplots()
        image = axes.imshow(
            values,
            extent=(first[0], first[-1], second[0], second[-1]),
            origin="lower",
            cmap="RdBu_r",
            vmin=-reach,
            vmax=reach,
            interpolation="bilinear",
        )
        thin = lines[lines != 0]
        axes.contour(first, second, values, thin, colors="black", linewidths=0.35, alpha=0.55)
        axes.contour(first, second, values, [0.0], colors="black", linewidths=1.6)
        axes.set(xlabel="xyz"[self.right], ylabel="xyz"[self.up])
        axes.tick_params(labelsize=8)
        bar = figure.colorbar(image, ax=axes, shrink=0.9, pad=0.015)
        bar.outline.set_linewidth(0.6)
        bar.ax.tick_params(labelsize=8)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        return buffer.getvalue()


def _round(value: float) -> float:
    """The nearest of 1, 2, 5, 10 … to a positive number."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(min((1, 2, 5, 10), key=lambda m: abs(np.log(m * power / value))) * power)


def _data(
    distance: SignedDistance, mesh: Mesh, cloud: Floats, *, normals: Floats
) -> dict[str, object]:
    """What the viewer draws: arrays as base64 of little-endian numbers."""
    low = mesh.vertices.min(0)
    extent = mesh.vertices.max(0) - low
    extent = np.maximum(extent, 1e-12 * extent.max())
    curvature = distance.curvature(mesh.vertices)
    strong = float(np.quantile(np.abs(curvature), 0.95)) or 1.0
    shading = np.column_stack([normals, np.clip(curvature / strong, -1, 1)])
    chosen = np.random.default_rng(0).permutation(len(cloud))[:POINTS]
    points = (cloud[chosen] - low) / extent
    points = points[((points >= 0) & (points <= 1)).all(1)]
    return {
        "size": (extent / extent.max()).tolist(),
        "vertices": _places((mesh.vertices - low) / extent),
        "normals": _text(np.round(127 * shading).astype("<i1")),
        "faces": _text(mesh.faces.astype("<u4")),
        "corners": mesh.faces.size,
        "points": _places(points),
        "pointCount": len(points),
        "curvature": f"{strong:.3g}",
    }


def _tints(
    mesh: Mesh, shown: Mesh, measurements: Mapping[str, npt.ArrayLike]
) -> list[dict[str, str]]:
    """What the measurements at the vertices of a mesh become on the one that is shown: for each way
    to colour it a name, a legend, and red, green, blue and nothing, a byte each, at its vertices.
    """
    from matplotlib import colormaps
    from scipy.spatial import cKDTree

    if not measurements:
        return []
    nearest = slice(None) if shown is mesh else cKDTree(mesh.vertices).query(shown.vertices)[1]
    values = {name: np.asarray(v, dtype=np.float64)[nearest] for name, v in measurements.items()}
    tints = []
    if set(COLOUR) <= set(values):
        paint = np.stack([values.pop(name) for name in COLOUR], axis=1)
        tints.append(("colours", "the colours of the scan", paint))
    for name, value in values.items():
        low, high = np.quantile(value, [0.01, 0.99])
        share = ((value - low) / ((high - low) or 1.0)).clip(0, 1)
        legend = f"{name}: dark {low:.3g}, bright {high:.3g}"
        tints.append((name, legend, 255 * colormaps["viridis"](share)[:, :3]))
    return [
        {"name": name, "legend": legend, "colours": _text(np.pad(_bytes(paint), ((0, 0), (0, 1))))}
        for name, legend, paint in tints
    ]


def _bytes(paint: Floats) -> npt.NDArray[np.uint8]:
    return np.round(paint).clip(0, 255).astype(np.uint8)


def _places(unit: Floats) -> str:
    """Positions in the unit cube as four 16-bit numbers each, the last one unused."""
    return _text(np.pad(np.round(65535 * unit), ((0, 0), (0, 1))).astype("<u2"))


def _text(array: npt.NDArray[np.generic]) -> str:
    return base64.b64encode(array.tobytes()).decode()
