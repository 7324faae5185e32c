"""Classes that a file names by the path they are imported from: public ones, and nothing else."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from typing import TypeVar

from siren_pde.errors import StorageError

T = TypeVar("T")


def path_of(kind: type) -> str:
    """`package.module:Name` of a class."""
    return f"{kind.__module__}:{kind.__qualname__}"


def imported(
    path: str,
    family: type[T],
    *,
    ours: frozenset[str],
    unavailable: Callable[[str], StorageError],
) -> type[T]:
    """The class that a path names, a member of `family`.

    Of this package it has to be one of `ours`. Importing runs a module, so modules of the standard
    library and private names are never imported. Raises what `unavailable` makes of the reason.
    """
    module, _, name = path.partition(":")
    names = [*module.split("."), name]
    public = all(part.isidentifier() and not part.startswith("_") for part in names)
    foreign = names[0] not in sys.stdlib_module_names and (names[0] != "siren_pde" or path in ours)
    if not (public and foreign):
        raise unavailable("it is no public class in a module of its own")
    try:
        kind: object = vars(importlib.import_module(module)).get(name)
    # importing runs the module, and that may fail in any way
    except (Exception, SystemExit) as cause:
        raise unavailable(f"{type(cause).__name__}: {cause}") from cause
    if not isinstance(kind, type) or not issubclass(kind, family) or inspect.isabstract(kind):
        raise unavailable(f"there is no {family.__name__.lower()} of that name")
    if path_of(kind) != path:
        raise unavailable(f"it is defined as `{path_of(kind)}`")
    return kind
