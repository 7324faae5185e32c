"""A value taken apart into a list of entries, each made of earlier ones, and bytes."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np
import torch
from torch import Tensor

from siren_pde.errors import CheckpointError
from siren_pde.runs.values.memory import Written
from siren_pde.runs.values.names import class_named
from siren_pde.runs.values.parts import Parts, parts_of
from siren_pde.runs.values.roots import Roots, is_constant, kind_of
from siren_pde.runs.values.scalars import is_scalar, written

CALLS = ("partial", "method")
"""What calls a function with arguments: a file that could hold it could run what it likes."""


class Writing:
    """Entries as they are being made: a value that several hold is one entry.

    The walk keeps a list of its own of what is still to do, so that no depth is too deep.
    """

    def __init__(self, roots: Roots) -> None:
        self.entries: list[list[Any]] = []
        self.classes: list[list[Any]] = []
        self.memory = Written()
        self._roots = roots
        self._numbers: dict[int, int] = {}
        self._shapes: dict[tuple[type, tuple[str, ...]], int] = {}
        self._constants: dict[str, int] = {}
        self._kept: list[object] = []  # so that no identity is used twice

    def add(self, value: object, name: str) -> Any:
        """What stands for a value: itself if JSON holds it, else the number of its entry, [n].

        Raises CheckpointError, with the place and the type, for what cannot be stored.
        """
        waiting: list[tuple[object, str, Parts | None]] = [(value, name, None)]
        under_way: set[int] = set()
        while waiting:
            each, path, parts = waiting.pop()
            if parts is not None:
                under_way.discard(id(each))
                self._put(each, self._composed(each, parts, path))
            elif not self._known(each, path):
                parts = self._opened(each, path)
                under_way.add(id(each))
                waiting.append((each, path, parts))
                for step, child in zip(parts.steps(), parts.children, strict=True):
                    if id(child) in under_way and not is_scalar(child):
                        where = _path(path, parts, step)
                        raise CheckpointError(
                            f"`{where}` leads back to what holds it, which a checkpoint cannot "
                            "hold."
                        )
                    if step not in parts.memory:
                        waiting.append((child, _path(path, parts, step), None))
        return self._reference(value)

    def _reference(self, value: object) -> Any:
        return written(value) if is_scalar(value) else [self._numbers[id(value)]]

    def _put(self, value: object, entry: list[Any]) -> None:
        number = len(self.entries)
        if is_constant(value):  # Python makes one of several, or several of one, as it likes
            number = self._constants.setdefault(repr(entry), number)
        self._numbers[id(value)] = number
        self._kept.append(value)
        if number == len(self.entries):
            self.entries.append(entry)

    def _known(self, value: object, path: str) -> bool:
        """Whether a value has an entry, or gets one that is made of no others."""
        if is_scalar(value) or id(value) in self._numbers:
            return True
        if (place := self._roots.place(value)) is not None:
            name, steps = place
            self._put(value, ["root", name, list(steps), kind_of(value)])
            return True
        for kinds, described in _ALONE.items():
            if isinstance(value, kinds):
                self._put(value, described(self, value, path))
                return True
        return False

    def _opened(self, value: object, path: str) -> Parts:
        """What a value is made of, its class one that may be made when it is read."""
        parts = parts_of(value)
        if parts is None or parts.kind in CALLS:
            raise CheckpointError(
                f"`{path}` is a {_called(value)}, which a checkpoint cannot hold. Keep numbers, "
                "tensors and frozen dataclasses in the state of a method, and functions in the "
                "problem, the field or the method itself; a frozen dataclass with `__call__` may "
                "stand for a function."
            )
        if parts.kind in ("object", "module", "named"):
            self._checked(type(value), path)
        return parts

    def _checked(self, kind: type, path: str) -> None:
        try:
            held = class_named(kind.__module__, kind.__qualname__, self._roots.packages)
        except CheckpointError as cause:
            raise CheckpointError(f"`{path}` cannot be stored: {cause}") from cause
        if held is not kind:
            raise CheckpointError(
                f"`{path}` cannot be stored: `{kind.__qualname__}` has been defined twice."
            )

    def _composed(self, value: object, parts: Parts, path: str) -> list[Any]:
        kind, children = type(value), []
        for step, child in zip(parts.steps(), parts.children, strict=True):
            if step in parts.memory and not self._known_memory(child):
                self._put(child, ["anew", self.shape(kind, ()), step])
            children.append(self._reference(child))
        if parts.kind in ("object", "module", "named"):
            return [parts.kind, self.shape(kind, parts.names), *children]
        if parts.kind in ("set", "frozenset"):
            children.sort(key=repr)
        return [parts.kind, *children]

    def _known_memory(self, value: object) -> bool:
        if id(value) in self._numbers:
            return True
        return self._roots.place(value) is not None and self._known(value, "")

    def shape(self, kind: type, names: tuple[str, ...]) -> int:
        """The number of a class with fields of these names, in the list of all of them."""
        key = (kind, names)
        if key not in self._shapes:
            self._shapes[key] = len(self.classes)
            self.classes.append([kind.__module__, kind.__qualname__, list(names)])
        return self._shapes[key]

    # ── what is made of nothing else ──────────────────────────────────────────────────────────

    def tensor(self, value: Any, path: str) -> list[Any]:
        """Of a tensor."""
        return self.memory.tensor(value, path)

    def array(self, value: Any, path: str) -> list[Any]:
        """Of an array."""
        return self.memory.array(value, path)

    def member(self, value: Any, path: str) -> list[Any]:
        """Of a member of an enumeration."""
        self._checked(type(value), path)
        return ["member", self.shape(type(value), ()), value.name]

    def generator(self, value: Any, path: str) -> list[Any]:
        """Of a generator of random numbers of torch's."""
        state = value.get_state().numpy().tobytes().hex()
        return ["generator", str(value.device), state]


def _path(path: str, parts: Parts, step: str | int) -> str:
    """The path to a part, as one would write it."""
    if isinstance(step, str):
        return f"{path}.{step}"
    if parts.kind in ("dict", "ordered"):
        return f"{path}[{parts.children[step - step % 2]!r:.40}]"
    return f"{path}[{step}]"


def _called(value: object) -> str:
    kind = type(value)
    name = getattr(value, "__qualname__", "") if callable(value) else ""
    return f"{kind.__module__}.{kind.__qualname__}" + (f" `{name}`" if name else "")


_ALONE: dict[Any, Callable[[Writing, Any, str], list[Any]]] = {
    Tensor: Writing.tensor,
    np.ndarray: Writing.array,
    Enum: Writing.member,
    torch.Generator: Writing.generator,
}
"""How values are written that are made of no others, the first kind that fits."""
