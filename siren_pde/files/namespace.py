"""Packages whose public names are imported on first use, so that importing them costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def lazy(package: str, home: Mapping[str, str]) -> Callable[[str], object]:
    """A `__getattr__` for a package: `home` says which module defines a public name."""

    def get(name: str) -> object:
        if name not in home:
            raise AttributeError(f"{package} has no `{name}`; its names are {', '.join(home)}.")
        value: object = getattr(import_module(home[name]), name)
        return value

    return get
