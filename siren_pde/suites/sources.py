"""Where a suite's files come from: problems in Python, meshes and scans, and the repository."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

from siren_pde.errors import ConfigError, DataFileError
from siren_pde.files.atomic import atomic_write

SAMPLES = 100_000
"""Points taken from a mesh, by area: as many as a scan of an object has."""
SCANS = (".ply", ".obj", ".off", ".stl", ".xyz", ".pts", ".pcd", ".las", ".laz", ".e57")
COLUMNS = ("x", "y", "z", "nx", "ny", "nz")
REFERENCE = "_reference"
"""The end of the name of a mesh that is the true surface of a scan beside it."""


def repository(suite: str) -> Path:
    """The folder with the files of the package's own suites: the repository's.

    Raises ConfigError where the package was installed without it, and the command is given
    elsewhere.
    """
    for folder in (Path(__file__).parents[2], Path.cwd()):
        if (folder / "problems" / "poisson.py").is_file():
            return folder
    raise ConfigError(
        f"the suite `{suite}` runs files of `problems` and `benchmarks`, which come with the "
        "repository and not with the installed package. Give the command in a clone of "
        "https://github.com/siren-pde/siren_pde, or give a folder of problem files of yours."
    )


def problem_files(path: Path, asked: Path) -> list[Path]:
    """A file, or those of a folder that state a problem at their top level.

    Raises ConfigError, naming who `asked`, if a folder has none.
    """
    if not path.is_dir():
        return [path]
    several = [file for file in sorted(path.glob("*.py")) if states_problem(file)]
    if not several:
        raise ConfigError(
            f"no file of the folder `{path}`, which `{asked}` gives, states a problem. Write "
            "`problem = Problem(…)` at the top level of its files."
        )
    return several


def states_problem(file: Path) -> bool:
    """Whether a file assigns a problem to a name; also where it is no Python: a run will tell."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return True
    for line in tree.body:
        if isinstance(line, ast.Assign | ast.AnnAssign):
            targets = line.targets if isinstance(line, ast.Assign) else [line.target]
            if any(isinstance(each, ast.Name) and each.id == "problem" for each in targets):
                return True
            if isinstance(line.value, ast.Call) and _last_name(line.value.func) == "Problem":
                return True
    return False


def _last_name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


@final
@dataclass(frozen=True)
class ScanFile:
    """A file of points, or a mesh that points are taken from and held to."""

    file: Path

    @property
    def name(self) -> str:
        """What it is called in tables."""
        return self.file.stem

    def sampled(self, folder: Path, seed: int) -> tuple[Path, Path | None]:
        """The file of its points, and the true surface if it is known.

        Points of a mesh are written to the folder, where they stay: equal seeds are equal points.
        Raises DataFileError if the file holds neither, StorageError if they cannot be written.
        """
        import numpy as np

        from siren_pde.io.readers import read_mesh

        try:
            mesh = read_mesh(self.file)
        except DataFileError:
            beside = self.file.with_name(f"{self.name.split('_')[0]}{REFERENCE}.ply")
            return self.file, beside if beside.is_file() else None
        points = folder / f"{self.name},seed={seed}.npy"
        if not points.is_file():
            buffer = io.BytesIO()
            columns = np.column_stack(mesh.sample(SAMPLES, seed))
            np.save(buffer, columns.view([(name, columns.dtype) for name in COLUMNS])[:, 0])
            folder.mkdir(parents=True, exist_ok=True)
            atomic_write(points, buffer.getvalue())
        return points, self.file


def scan_files(path: Path) -> Iterator[ScanFile]:
    """A file, or all meshes and scans of a folder and of those in it, without references.

    Raises ConfigError if there are none.
    """
    if not path.is_dir():
        yield ScanFile(path)
        return
    files = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in SCANS]
    several = [file for file in files if not file.stem.endswith(REFERENCE)]
    if not several:
        raise ConfigError(f"the folder `{path}` has no mesh or scan: {', '.join(SCANS)}.")
    yield from map(ScanFile, several)
