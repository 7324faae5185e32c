"""A value put together again from its entries: nothing of it is run, and no name is looked up but
those of classes that a state may be made of.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import Enum
from functools import cached_property
from types import FunctionType, MappingProxyType, MemberDescriptorType
from typing import Any

import torch
from torch import nn

from siren_pde.errors import CheckpointError
from siren_pde.runs.values import scalars
from siren_pde.runs.values.memory import Read, whole
from siren_pde.runs.values.names import class_named, enum_member
from siren_pde.runs.values.parts import is_named_tuple, is_plain, memory_of, slots_of
from siren_pde.runs.values.roots import Roots

CODE = (FunctionType, property, classmethod, staticmethod, cached_property)
"""What a class has under a name that no field may take the place of."""


class Reading:
    """Entries as they are being read: each refers to earlier ones only."""

    def __init__(self, classes: Sequence[Any], memory: Read, roots: Roots) -> None:
        self._memory, self._roots = memory, roots
        self._classes = [self._class(each) for each in classes]
        self._values: list[object] = []

    def _class(self, entry: Any) -> tuple[type, tuple[str, ...]]:
        module, name, names = entry
        kind = class_named(str(module), str(name), self._roots.packages)
        return kind, tuple(_field(kind, each) for each in names)

    def read(self, entries: Sequence[Any], last: Any) -> object:
        """The value that `last` refers to. Raises CheckpointError for what makes no sense."""
        for number, entry in enumerate(entries):
            try:
                self._values.append(_KINDS[entry[0]](self, entry[1:]))
            except CheckpointError:
                raise
            except Exception as cause:
                raise CheckpointError(
                    f"its entry {number} cannot be read: {type(cause).__name__}: {cause}"
                ) from cause
        return self._value(last)

    def _value(self, reference: Any) -> Any:
        if isinstance(reference, dict):
            return scalars.read(reference)
        if not isinstance(reference, list):
            return reference
        (number,) = reference
        if whole(number) >= len(self._values):
            raise CheckpointError(f"an entry refers to {number}, which comes later.")
        return self._values[number]

    def _all(self, references: Sequence[Any]) -> list[Any]:
        return [self._value(each) for each in references]

    # ── the kinds of entries ──────────────────────────────────────────────────────────────────

    def root(self, entry: Sequence[Any]) -> object:
        """What stands at a place in the problem."""
        name, steps, kind = entry
        return self._roots.at(str(name), list(steps), str(kind))

    def tensor(self, entry: Sequence[Any]) -> object:
        """A tensor."""
        return self._memory.tensor(["tensor", *entry])

    def parameter(self, entry: Sequence[Any]) -> object:
        """A parameter of a layer."""
        return self._memory.tensor(["parameter", *entry])

    def array(self, entry: Sequence[Any]) -> object:
        """An array."""
        return self._memory.array(["array", *entry])

    def plain(self, entry: Sequence[Any]) -> object:
        """An object with its fields, of which nothing is run."""
        kind, names = self._classes[whole(entry[0])]
        if not is_plain(kind) or issubclass(kind, nn.Module | Enum):
            raise CheckpointError(f"`{kind.__qualname__}` is no class of plain objects.")
        made, slots = object.__new__(kind), slots_of(kind)
        for name, value in zip(names, self._all(entry[1:]), strict=True):
            if name in slots:
                slots[name].__set__(made, value)
            else:
                object.__getattribute__(made, "__dict__")[name] = value
        return made

    def module(self, entry: Sequence[Any]) -> object:
        """A module of torch's with its fields."""
        kind, names = self._classes[whole(entry[0])]
        if not issubclass(kind, nn.Module):
            raise CheckpointError(f"`{kind.__qualname__}` is no module.")
        made = object.__new__(kind)
        nn.Module.__init__(made)
        vars(made).update(zip(names, self._all(entry[1:]), strict=True))
        return made

    def named(self, entry: Sequence[Any]) -> object:
        """A tuple with names."""
        kind, _ = self._classes[whole(entry[0])]
        values = self._all(entry[1:])
        if not is_named_tuple(kind) or len(values) != len(kind._fields):
            raise CheckpointError(f"`{kind.__qualname__}` is no tuple of {len(values)}.")
        return tuple.__new__(kind, values)

    def member(self, entry: Sequence[Any]) -> object:
        """A member of an enumeration."""
        number, name = entry
        return enum_member(self._classes[whole(number)][0], str(name))

    def anew(self, entry: Sequence[Any]) -> object:
        """Memory for use, which the field's own default makes."""
        number, name = entry
        return memory_of(self._classes[whole(number)][0])[name]()

    def mapping(self, entry: Sequence[Any]) -> dict[Any, Any]:
        """A dictionary, in its order."""
        parts = self._all(entry)
        return dict(zip(parts[::2], parts[1::2], strict=True))

    def generator(self, entry: Sequence[Any]) -> object:
        """A generator of random numbers."""
        device, state = entry
        made = torch.Generator(device=device)
        made.set_state(torch.frombuffer(bytearray.fromhex(state), dtype=torch.uint8))
        return made

    def items(self, entry: Sequence[Any]) -> list[Any]:
        """Entries of a container."""
        return self._all(entry)


def _field(kind: type, name: object) -> str:
    """The name of a field. Raises CheckpointError for one that the class has code under."""
    if not isinstance(name, str) or (name.startswith("__") and name.endswith("__")):
        raise CheckpointError(f"{name!r:.40} is no name of a field.")
    member = next((vars(each)[name] for each in kind.__mro__ if name in vars(each)), None)
    descriptor = not isinstance(member, MemberDescriptorType) and _is_descriptor(member)
    if isinstance(member, CODE) or descriptor:
        raise CheckpointError(f"`{kind.__qualname__}.{name}` is code, and no field.")
    return name


def _is_descriptor(member: object) -> bool:
    return any("__get__" in vars(each) for each in type(member).__mro__)


_KINDS: dict[str, Callable[[Reading, Sequence[Any]], object]] = {
    "root": Reading.root,
    "tensor": Reading.tensor,
    "parameter": Reading.parameter,
    "array": Reading.array,
    "object": Reading.plain,
    "module": Reading.module,
    "named": Reading.named,
    "member": Reading.member,
    "anew": Reading.anew,
    "generator": Reading.generator,
    "dict": Reading.mapping,
    "list": Reading.items,
    "tuple": lambda reading, entry: tuple(reading.items(entry)),
    "size": lambda reading, entry: torch.Size(reading.items(entry)),
    "set": lambda reading, entry: set(reading.items(entry)),
    "frozenset": lambda reading, entry: frozenset(reading.items(entry)),
    "ordered": lambda reading, entry: OrderedDict(reading.mapping(entry)),
    "proxy": lambda reading, entry: MappingProxyType(dict(*reading.items(entry))),
    "slice": lambda reading, entry: slice(*reading.items(entry)),
}
"""How each kind of entry is read."""
