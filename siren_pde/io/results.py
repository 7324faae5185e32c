"""One way to write what was solved or fitted, and one to read it: solutions and distances."""

from __future__ import annotations

import os
from dataclasses import replace

from torch import nn

from siren_pde.domains.box import Box
from siren_pde.domains.homes import Homes
from siren_pde.errors import ConfigError, StorageError
from siren_pde.files.json_values import Description
from siren_pde.io.distances import SCAN, distance_of, scan
from siren_pde.io.solutions import Groups, contents, read, stored, write
from siren_pde.problem import Problem
from siren_pde.scans.signed_distance import SignedDistance
from siren_pde.solving.solution import Solution


def save(
    result: Solution | SignedDistance,
    path: str | os.PathLike[str],
    *,
    error: float | None = None,
) -> None:
    """Write a solution, or a signed distance function with its scan, to an HDF5 file.

    All of it is written or nothing. `error` is the relative L² error, where the caller has it.
    Every parameter is stored as it is, in its own precision, the points of a scan in single
    precision; Python code (a user's module, the functions of an `Ansatz`) is not stored. Raises
    ConfigError for anything else, StorageError if the file cannot be written or the field holds
    what is no tensor.
    """
    if not isinstance(result, Solution | SignedDistance):
        raise ConfigError(
            f"`save` writes what `solve` or `fit_sdf` returns, got {type(result).__name__}."
        )
    solution = _in_its_box(result) if isinstance(result, SignedDistance) else result
    about, groups = contents(solution, path, error)
    if isinstance(result, SignedDistance):
        groups[SCAN] = scan(result)
    write(about, groups, path)


def _in_its_box(distance: SignedDistance) -> Solution:
    """The solution of a distance, which lives in its padded box rather than at its samples."""
    corners = zip("xyz", (-distance.half).tolist(), distance.half.tolist(), strict=True)
    box = Box(**{axis: (low, high) for axis, low, high in corners})
    homes = Homes(dict.fromkeys(distance.solution.field.networks(), box))
    return replace(distance.solution, problem=None, homes=homes)


def load(
    path: str | os.PathLike[str],
    problem: Problem | None = None,
    field: nn.Module | None = None,
) -> Solution | SignedDistance:
    """Read back what `save` wrote, on the CPU and in the precision it was stored in.

    `problem` is attached to it, for `error()` and pictures. `field` is a template: needed only for
    fields made of Python code, whose functions or modules it provides (on its device); it is not
    changed itself. A field of a class of your own that describes itself (`Field.describe`) needs
    none: its module is imported by its name in the file, so load files of unknown origin only where
    importing any public module of yours is harmless. Raises StorageError naming the file if it is
    missing, damaged, foreign, or does not fit.
    """
    if not (problem is None or isinstance(problem, Problem)):
        raise ConfigError(f"`load` attaches a `Problem`, got {type(problem).__name__}.")

    def result(said: Description, groups: Groups) -> Solution | SignedDistance:
        parts = stored(said, groups, field)
        if problem is not None and problem.axes != parts.axes:
            raise StorageError(
                f"it holds a solution in ({', '.join(parts.axes)}), but {problem!r} is in "
                f"({', '.join(problem.axes)}). Load it with the problem it solves, or with none."
            )
        solution = Solution(problem=problem, **vars(parts))
        return distance_of(solution, groups[SCAN]) if SCAN in groups else solution

    return read(path, result)
