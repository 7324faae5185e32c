"""Values whose types tests know better than the checker does."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from torch import Tensor

from siren_pde.io.results import load
from siren_pde.meshes.mesh import Mesh
from siren_pde.solving.solution import Solution

T = TypeVar("T")


def known(value: T | None) -> T:
    """A value that is there."""
    assert value is not None
    return value


def values(jet: Any) -> Tensor:
    """The values (n,) of a jet, a coordinate or data."""
    assert isinstance(jet.value, Tensor)
    return jet.value


def loaded(path: Path, *arguments: Any, **options: Any) -> Solution:
    """What `load` reads, where it is known to be a solution."""
    solution = load(path, *arguments, **options)
    assert isinstance(solution, Solution)
    return solution


def mesh_of(vertices: npt.ArrayLike, faces: npt.ArrayLike) -> Mesh:
    """A mesh from nested lists, or from arrays of any type."""
    return Mesh(np.asarray(vertices, dtype=np.float64), np.asarray(faces, dtype=np.int64))


def module_at(path: Path, name: str) -> ModuleType:
    """The module of a file that no package holds, run anew."""
    spec = known(importlib.util.spec_from_file_location(name, path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    known(spec.loader).exec_module(module)
    return module
