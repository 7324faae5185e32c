"""Classes by their names: which of them may be made when a file is read, and no others."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from enum import Enum
from importlib import import_module
from types import ModuleType

from torch import nn

from siren_pde.errors import CheckpointError

PACKAGE = "siren_pde"
CLOSED = ("__main__", "cli", "files", "io", "plots", "runs", "testing")
"""Wings of the package that touch files or run commands: nothing of theirs is part of a solve."""
LAYERS = ("torch.nn.modules.",)
"""Where torch has its layers, of which fields may be made."""
FOREIGN = frozenset(sys.stdlib_module_names) - {"__main__"} | {"torch", "numpy", "scipy", "h5py"}
"""Packages whose classes nobody needs in a state, but for what is stored in a way of its own."""
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


def packages_of(modules: Iterable[str]) -> frozenset[str]:
    """The packages that are a user's own, of the modules that define what a problem is made of."""
    tops = {module.partition(".")[0] for module in modules}
    return frozenset(tops - FOREIGN - {PACKAGE})


def class_named(module: str, name: str, own: frozenset[str]) -> type:
    """The class of that name: of this package, a layer of torch's, or of a user's `own` packages.

    Nothing is imported but modules of this package. Raises CheckpointError for any other class,
    and for one that does something when its instances are thrown away.
    """
    refused = f"the class `{module}.{name}` is none that a state may be made of"
    if not (_NAME.fullmatch(module) and _NAME.fullmatch(name)):
        raise CheckpointError(f"{refused}.")
    held: object = _module(module, own)
    if held is None:
        raise CheckpointError(
            f"{refused}. States are made of classes of siren_pde, of torch's layers, and of the "
            "modules where the problem, its field and its method are defined."
        )
    for part in name.split("."):
        held = vars(held).get(part) if isinstance(held, type | ModuleType) else None
    if not isinstance(held, type) or (held.__module__, held.__qualname__) != (module, name):
        raise CheckpointError(f"{refused}: it is not defined there.")
    foreign = module.startswith(LAYERS) and not issubclass(held, nn.Module)
    ends = any("__del__" in vars(each) for each in held.__mro__)
    if foreign or ends or issubclass(held, type | BaseException):
        raise CheckpointError(f"{refused}.")
    return held


def enum_member(kind: type, name: str) -> Enum:
    """The member of an enumeration. Raises CheckpointError if there is none."""
    members = vars(kind).get("_member_map_", {}) if issubclass(kind, Enum) else {}
    if name not in members:
        raise CheckpointError(f"`{kind.__name__}` has no member `{name:.40}`.")
    member: Enum = members[name]
    return member


def _module(name: str, own: frozenset[str]) -> ModuleType | None:
    top, *rest = name.split(".")
    if top == PACKAGE:
        if not rest or rest[0] in CLOSED:
            return None
        try:
            return import_module(name)
        except ImportError:
            return None
    if top in own or name.startswith(LAYERS):
        return sys.modules.get(name)
    return None
