"""`siren-pde export`: a solution on disk as a file that other programs open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from siren_pde.cli.answers import as_json
from siren_pde.errors import ConfigError
from siren_pde.io.exports import export
from siren_pde.io.exports.sampling import Wishes
from siren_pde.io.results import load
from siren_pde.runs.folder import RESULTS
from siren_pde.solving.solution import Solution


def run(
    source: Path,
    to: Path,
    *,
    derivatives: str,
    resolution: int | None,
    instants: int | None,
    at: str,
    complex_unknowns: str,
    json: bool,
) -> str:
    """Write the solution of a run's folder, or of a results.h5, to `to`; what to print."""
    file = source / RESULTS if source.is_dir() else source
    result = load(file)
    if not isinstance(result, Solution):
        raise ConfigError(
            f"`{file}` holds a distance, whose mesh and volume `siren-pde sdf` writes, and "
            "`write_volume` in Python. Give the run of a `solve`."
        )
    wishes = Wishes(
        derivatives=_names(derivatives),
        resolution=resolution,
        instants=instants,
        at=_places(at),
        complex_unknowns=_names(complex_unknowns),
    )
    files = export(result, to, wishes)
    if json:
        return as_json({"files": [str(each) for each in files]})
    more = f" and {len(files) - 1} files beside it" if len(files) > 1 else ""
    return f"written    {files[0]}{more}"


def _names(text: str) -> Sequence[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _places(text: str) -> dict[str, float]:
    """`x=0.5,t=1` as coordinates and values. Raises ConfigError for anything else."""
    places = {}
    for each in _names(text):
        name, _, value = each.partition("=")
        try:
            places[name.strip()] = float(value)
        except ValueError as cause:
            raise ConfigError(
                f"`--at {text}` is no list of coordinates and values. Write `--at t=0.5,z=0`."
            ) from cause
    return places
