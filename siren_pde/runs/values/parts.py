"""What values are made of: fields of objects, entries of containers, and how they are rebuilt."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from types import FunctionType, MappingProxyType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, TypeGuard

import torch
from torch import nn

CONTAINERS: dict[type, str] = {
    tuple: "tuple",
    list: "list",
    set: "set",
    frozenset: "frozenset",
    dict: "dict",
    OrderedDict: "ordered",
    MappingProxyType: "proxy",
    slice: "slice",
    partial: "partial",
    MethodType: "method",
    torch.Size: "size",
}
"""What is not an object with fields, and is stored entry by entry."""
EMPTY_MODULE = vars(nn.Module())
"""What every module has: entries that are no different are not stored."""
HEAP = 1 << 9
"""The flag of classes that are written in Python (`Py_TPFLAGS_HEAPTYPE`)."""


@dataclass(frozen=True)
class Parts:
    """A value taken apart: its kind, the names of its fields if it has any, and what they hold.

    `memory` are the names of fields that hold memory for use, and nothing that has to be kept.
    """

    kind: str
    names: tuple[str, ...]
    children: tuple[object, ...]
    memory: tuple[str, ...] = ()

    def steps(self) -> tuple[str | int, ...]:
        """What leads to each child: the name of a field, or the number of an entry."""
        return self.names or tuple(range(len(self.children)))


def parts_of(value: object) -> Parts | None:
    """What a container or an object is made of; None for all else."""
    if (kind := CONTAINERS.get(type(value))) is not None:
        return Parts(kind, (), _entries(kind, value))
    if isinstance(value, tuple) and is_named_tuple(type(value)):
        return Parts("named", (), tuple(value))
    if isinstance(value, nn.Module):
        own = {k: v for k, v in fields_of(value).items() if not _as_in_every_module(k, v)}
        return Parts("module", tuple(own), tuple(own.values()))
    if is_plain(type(value)):
        own = fields_of(value)
        return Parts("object", tuple(own), tuple(own.values()), tuple(memory_of(type(value))))
    return None


def _entries(kind: str, value: Any) -> tuple[object, ...]:
    if kind in ("dict", "ordered"):
        return tuple(part for item in value.items() for part in item)
    if kind == "proxy":
        return (dict(value),)
    if kind == "slice":
        return (value.start, value.stop, value.step)
    if kind == "partial":
        return (value.func, value.args, value.keywords)
    if kind == "method":
        return (value.__self__, value.__func__.__name__)
    return tuple(value)


def is_named_tuple(kind: type) -> TypeGuard[type[Any]]:
    """Whether a class is made by `NamedTuple`, and adds no fields."""
    return kind.__bases__ == (tuple,) and isinstance(vars(kind).get("_fields"), tuple)


def is_plain(kind: type) -> bool:
    """Whether a class is written in Python, all of it: `object.__new__` makes its instances."""
    if issubclass(kind, type | BaseException | ModuleType | torch.Tensor):
        return False
    return all(each.__flags__ & HEAP for each in kind.__mro__[:-1])


def fields_of(value: object) -> dict[str, object]:
    """The fields of an object by name, without what it has computed to remember it."""
    kind, own = type(value), dict[str, object]()
    for name, slot in slots_of(kind).items():
        try:
            own[name] = slot.__get__(value)
        except AttributeError:  # never set
            continue
    own |= _instance(value)
    remembered = {n for each in kind.__mro__ for n, v in vars(each).items() if _is_cache(v)}
    return {name: held for name, held in own.items() if name not in remembered}


def slots_of(kind: type) -> dict[str, MemberDescriptorType]:
    """The slots of a class by name."""
    return {
        name: slot
        for each in reversed(kind.__mro__)
        for name, slot in vars(each).items()
        if isinstance(slot, MemberDescriptorType)
    }


def _instance(value: object) -> Mapping[str, object]:
    try:
        held: Mapping[str, object] = object.__getattribute__(value, "__dict__")
    except AttributeError:  # slots alone
        return {}
    return held


def _is_cache(member: object) -> bool:
    return isinstance(member, cached_property)


def memory_of(kind: type) -> dict[str, Any]:
    """The fields of a dataclass marked with `metadata={"stored": False}`, and what makes them."""
    if not dataclasses.is_dataclass(kind):
        return {}
    return {
        each.name: each.default_factory
        for each in dataclasses.fields(kind)
        if each.metadata.get("stored") is False
    }


def _as_in_every_module(name: str, value: object) -> bool:
    if name not in EMPTY_MODULE:
        return False
    usual = EMPTY_MODULE[name]
    if isinstance(usual, dict | set):
        return type(value) is type(usual) and not value
    return value is usual


def closure_of(function: FunctionType) -> dict[str | int, object]:
    """What a function holds besides its code: variables of functions around it, and defaults."""
    own: dict[str | int, object] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            own[name] = cell.cell_contents
        except ValueError:  # not set yet
            continue
    own["defaults"] = function.__defaults__
    own["keywords"] = function.__kwdefaults__
    own["attributes"] = vars(function)
    return own
