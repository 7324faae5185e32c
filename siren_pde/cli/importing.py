"""What users wrote in Python: modules beside their files, and methods named by a path."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from siren_pde.cli.methods import SHORT
from siren_pde.errors import ConfigError
from siren_pde.optimisers.base import Method


@contextmanager
def beside(file: Path) -> Iterator[None]:
    """Let the neighbours of a file be imported, as `python FILE` does."""
    folder = str(file.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def method_named(name: str) -> Method[Any]:
    """The method of a short name, or of a path `package.module:Name`, with its own defaults.

    Raises ConfigError if there is none, or if it cannot be made without arguments.
    """
    module, _, attribute = SHORT.get(name, name).partition(":")
    if not (module and attribute):
        raise ConfigError(
            f"there is no method `{name}`. Take one of {', '.join(SHORT)}, or name your own by its "
            "path, `--method package.module:Name`."
        )
    return _made(name, _imported(name, module, attribute))


def _imported(name: str, module: str, attribute: str) -> object:
    try:
        return getattr(import_module(module), attribute)
    except Exception as cause:  # whatever the module raises while it is run
        raise ConfigError(
            f"`--method {name}` cannot be imported: {type(cause).__name__}: {cause}. Check how it "
            "is spelled, install its package, or put its file beside that of the problem."
        ) from cause


def _made(name: str, family: object) -> Method[Any]:
    if not (isinstance(family, type) and issubclass(family, Method)):
        raise ConfigError(
            f"`--method {name}` is no subclass of `siren_pde.optimisers.base.Method`. Derive it "
            "from that class, so that `solve` can start it and take its steps."
        )
    try:
        return family()
    except TypeError as cause:
        raise ConfigError(
            f"`--method {name}` cannot be made without arguments: {cause}. Write `method = …` in "
            "the file of the problem, and leave out `--method`."
        ) from cause
