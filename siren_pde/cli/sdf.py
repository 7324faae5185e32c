"""`siren-pde sdf`: from points to a signed distance function, its mesh, and its errors."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from siren_pde.cli.answers import as_json, as_table
from siren_pde.cli.machine import Machine
from siren_pde.cli.overwriting import require_own, require_printable
from siren_pde.cli.sdf_answers import Answers, Scan
from siren_pde.cli.solve import ending
from siren_pde.errors import ConfigError, StorageError
from siren_pde.files.json_values import Description, entry, record, text
from siren_pde.io.readers import read_mesh, read_points
from siren_pde.io.results import save
from siren_pde.io.writers import as_stored, write_mesh, write_volume
from siren_pde.meshes.mesh import Mesh
from siren_pde.meshes.simplify import simplified
from siren_pde.numerics.precision import Precision, known_precision
from siren_pde.optimisers.outcome import Outcome
from siren_pde.plots.mesh import plot_mesh
from siren_pde.plots.page import write_page
from siren_pde.runs.folder import RESULTS, Run
from siren_pde.runs.machine import peak_memory
from siren_pde.runs.manifest import Manifest, now, problem_file
from siren_pde.scans.carrying import carried
from siren_pde.scans.fit import fit_sdf
from siren_pde.scans.given_normals import Orientation, known_orientation
from siren_pde.scans.signed_distance import SignedDistance
from siren_pde.solving.progress import watching
from siren_pde.solving.report import Every
from siren_pde.solving.stages import Stages

VOLUME = 128
"""Cells along the longest side of a written volume."""
RESOLUTION, FAST = 256, 192
"""Cells for the mesh, along the longest side, where nothing is said; of a fast fit the second."""
AFTERWARDS, FAST_AFTERWARDS = 5.0, 4.0
"""Time for meshing at `RESOLUTION`, measuring and writing, beside that of sampling."""


@dataclass(frozen=True)
class Arguments:
    """What the command was given: paths, the machine, and how to make the mesh."""

    points: Path
    out: Path
    machine: Machine
    seconds: float
    resolution: int
    reference: Path | None
    smooth: bool
    keep_largest: bool
    simplify: int | None
    volume: Path | None
    columns: str | None = None
    is_open: bool | None = None
    orientation: Orientation = "auto"
    fast: bool = False
    precision: Precision = "float32"

    def described(self) -> Description:
        """As JSON, for the manifest."""
        machine = {**vars(self.machine), "threads": torch.get_num_threads()}
        paths = {
            name: None if path is None else str(path.resolve())
            for name in _PATHS
            for path in [getattr(self, name)]
        }
        return {**vars(self), **paths, "machine": machine}

    @staticmethod
    def read(said: Description) -> Arguments:
        """From a manifest. Raises StorageError if it makes no sense."""
        paths = {n: None if said.get(n) is None else Path(text(said, n)) for n in _PATHS}
        rest: dict[str, Any] = {name: entry(said, name) for name in _PLAIN}
        try:
            known_orientation(rest["orientation"])
            rest["precision"] = known_precision(str(said.get("precision", "float32")))
        except ConfigError as cause:
            raise StorageError(f"the manifest makes no sense: {cause}") from cause
        machine = Machine.read(record(entry(said, "machine"), "machine"))
        return Arguments(machine=machine, **{**rest, **paths})


_PATHS = ("points", "out", "reference", "volume")
_PLAIN = (
    *("seconds", "resolution", "smooth", "keep_largest", "simplify"),
    *("columns", "is_open", "orientation", "fast"),
)


def run(
    given: Arguments, *, place: Path | None, every: Every | None, force: bool, json: bool
) -> tuple[str, int]:
    """Fit the points in a file, write what came of it; what to print, and the exit code.

    Beside the mesh there will be the field (.h5), views (.png), a page to look at (.html), and the
    run (.run, or `place`). `distance_mean` and `distance_max` are distances from the points to the
    mesh. `seconds` counts fitting and extraction, `stages` each stage, in seconds. Lengths are in
    the unit of the points; `…_rel` is the same as a fraction of the diagonal of their bounding
    box. For the rest see `Inspection` and `sdf_answers.Errors`. Raises ConfigError where a file
    would be written over that is no earlier result, unless by `force`.
    """
    require_printable([given.points, given.out, given.reference, given.volume, place])
    _require_place(given.out, given.volume)
    place = place or given.out.with_suffix(".run")
    if not force:
        beside = [given.out.with_suffix(suffix) for suffix in (".h5", ".png", ".html")]
        written = [given.out, *beside, *([given.volume] if given.volume else [])]
        read = [given.points, *([given.reference] if given.reference else [])]
        require_own(written, read, place)
    stages = Stages(quiet=False)
    scan = _read(given, stages)
    given.machine.prepare()
    with Run.made(place) as folder:
        problem = problem_file(given.points.name, given.points, keep=False)
        folder.describe(Manifest(kind="sdf", problem=problem, command=given.described()))
        return _fitted(scan, given, folder, stages, every=every, resumes=False, json=json)


def resumed(said: Manifest, folder: Run, *, every: Every | None, json: bool) -> tuple[str, int]:
    """Go on with a run whose manifest says what it was."""
    given = Arguments.read(said.command)
    given.machine.prepare()
    stages = Stages(quiet=False)
    scan = _read(given, stages)
    return _fitted(scan, given, folder, stages, every=every, resumes=True, json=json)


def _read(given: Arguments, stages: Stages) -> Scan:
    with stages.of("reading"):
        truth = read_mesh(given.reference) if given.reference else None
        return Scan(read_points(given.points, columns=given.columns), truth)


def _fitted(
    scan: Scan,
    given: Arguments,
    folder: Run,
    stages: Stages,
    *,
    every: Every | None,
    resumes: bool,
    json: bool,
) -> tuple[str, int]:
    """Fit, follow the surface, measure and write; the fit in a folder that is open."""
    started, machine = time.monotonic(), given.machine
    with ending(folder):
        with watching() as report:
            distance = fit_sdf(
                scan.cloud,
                seconds=max(given.seconds - stages.seconds["reading"], given.seconds / 2),
                seed=machine.seed,
                refine=not given.smooth,
                fast=given.fast,
                precision=given.precision,
                is_open=given.is_open,
                orientation=given.orientation,
                device=machine.device,
                dtype=machine.precision or torch.float32,
                callbacks=[report],
                quiet=False,
                run=None if resumes else folder,
                resume=folder if resumes else None,
                checkpoint_every=every,
                stages=stages,
                afterwards=_afterwards(given),
            )
        if distance.solution.outcome is Outcome.interrupted:
            folder.describe(replace(folder.manifest, ended=now()))
            return f"interrupted; siren-pde resume {folder.path} goes on", 130
        save(distance, folder.path / RESULTS)
        answer, table = _answered(distance, scan, given, stages, started=started)
        folder.describe(replace(folder.manifest, result=answer, ended=now()))
    return as_json(answer) if json else as_table(table), 0


def _answered(
    distance: SignedDistance, scan: Scan, given: Arguments, stages: Stages, *, started: float
) -> tuple[dict[str, Any], dict[str, object]]:
    """Make the mesh, measure it, and write all files: what to say of them, as JSON and a table."""
    mesh, zero_set = _surface(distance, given, stages)
    elapsed, seed = time.monotonic() - started, given.machine.seed
    out, title, meshes = given.out, given.points.name, (mesh, zero_set)
    with stages.of("measuring", "errors are measured"):
        answers = Answers.of(distance, scan, meshes, seconds=elapsed, seed=seed, fast=given.fast)
    with stages.of("writing", f"{out} and what goes with it are written"):
        plot_mesh(mesh, out.with_suffix(".png"), title=title)
        measured = carried(scan.cloud, mesh.vertices) | {"uncertainty": answers.deviations}
        offset = write_mesh(out, mesh, answers.normals, measurements=measured)
        save(distance, out.with_suffix(".h5"))
        if given.volume is not None:
            write_volume(given.volume, *distance.grid(VOLUME))
    table = answers.table()
    with stages.of("page"):
        page = out.with_suffix(".html")
        normals = answers.normals
        write_page(page, distance, mesh, table, title=title, measurements=measured, normals=normals)
    times = {name: round(seconds, 2) for name, seconds in stages.seconds.items()}
    shift: dict[str, Any] = {"offset": list(offset)} if offset else {}
    shown = {"stages": ", ".join(f"{n} {s:.1f} s" for n, s in times.items()), "out": out}
    answer = {**answers.described(), "stages": times, "out": str(out), **shift}
    answer["memory"] = peak_memory()
    return answer, {**table, **shown}


def _afterwards(given: Arguments) -> float:
    """What comes after the fit, in times of sampling: most of it grows with the mesh."""
    share = (given.resolution / RESOLUTION) ** 2
    return (FAST_AFTERWARDS if given.fast else AFTERWARDS) * (1 + share) / 2


def _surface(distance: SignedDistance, given: Arguments, stages: Stages) -> tuple[Mesh, Mesh]:
    """The mesh as it was wanted, and all of {φ = 0}."""
    with stages.of("meshing", f"the surface is followed through {given.resolution} cells"):
        zero_set = distance.zero_set(given.resolution)
        mesh = distance.without_unsupported(zero_set, given.resolution)
        mesh = mesh.largest_component() if given.keep_largest else mesh
        mesh = mesh if given.simplify is None else simplified(mesh, given.simplify)
        return as_stored(given.out, mesh), zero_set


def _require_place(out: Path, volume: Path | None) -> None:
    """The results must find their place before an hour of work, not after."""
    if out.suffix.lower() not in (".ply", ".obj", ".stl"):
        raise ConfigError(
            f"`--out {out}` is no mesh format: write a name ending in .ply, .obj or .stl."
        )
    if volume is not None and volume.suffix.lower() != ".vti":
        raise ConfigError(f"`--volume {volume}` is no VTK volume: write a name ending in .vti.")
    for folder in {path.parent for path in (out, volume) if path is not None}:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise StorageError(f"cannot make the folder `{folder}`: {cause}.") from cause
