"""What a state refers to and does not hold: the problem, its residuals, functions of the user's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import final

import numpy as np
from torch import Tensor

from siren_pde.errors import CheckpointError
from siren_pde.runs.values.names import packages_of
from siren_pde.runs.values.parts import closure_of, memory_of, parts_of
from siren_pde.runs.values.scalars import is_scalar

Steps = tuple[str | int, ...]


@final
@dataclass(frozen=True, eq=False)
class Roots:
    """Objects that are made anew before a state is read, and all that can be reached from them.

    `places` says by identity where an object is: the name of a root, and the steps from there.
    `packages` are the user's own that they come from, `devices` those that their tensors are on.
    """

    values: Mapping[str, object]
    places: Mapping[int, tuple[str, Steps]]
    packages: frozenset[str]
    devices: frozenset[str]
    kept: Sequence[object]

    @staticmethod
    def of(values: Mapping[str, object]) -> Roots:
        """What can be reached from the objects of these names, nearest first."""
        places: dict[int, tuple[str, Steps]] = {}
        modules, devices, kept = set[str](), {"cpu"}, list[object]()
        waiting: list[tuple[object, str, Steps]] = [(v, name, ()) for name, v in values.items()]
        memory = set[int]()
        for value, name, steps in waiting:  # it grows meanwhile: breadth first
            if is_scalar(value) or id(value) in places:
                continue
            kept.append(value)
            if not is_constant(value):
                places[id(value)] = (name, steps)
            modules.add(value.__module__ if isinstance(value, FunctionType) else _home(value))
            if isinstance(value, Tensor):
                devices.add(str(value.device))
            own = memory_of(type(value))
            reached = {} if id(value) in memory else _reached(value)
            for step, child in reached.items():
                waiting.append((child, name, (*steps, step)))
                if step in own:
                    memory.add(id(child))
        return Roots(values, places, packages_of(modules), frozenset(devices), kept)

    def place(self, value: object) -> tuple[str, Steps] | None:
        """Where an object is, if it can be reached."""
        return self.places.get(id(value))

    def at(self, name: str, steps: Sequence[object], kind: str) -> object:
        """The object at a place. Raises CheckpointError unless there is one of that kind."""
        value: object = self.values.get(name, self)
        if value is self:
            raise CheckpointError(
                f"it refers to `{name:.40}`, and there is {', '.join(self.values)}."
            )
        for number, step in enumerate(steps):
            children = _reached(value)
            if type(step) not in (str, int) or step not in children:
                raise _changed(name, steps[: number + 1])
            value = children[step]  # type: ignore[index]
        if kind_of(value) != kind:
            raise _changed(name, steps)
        return value


def kind_of(value: object) -> str:
    """What an object is, in a word: its class, and the numbers that a tensor or an array holds."""
    if isinstance(value, FunctionType):
        return f"function {value.__qualname__}"
    if isinstance(value, Tensor | np.ndarray):
        return f"{type(value).__name__} {value.dtype} {tuple(value.shape)}"
    return type(value).__qualname__


def _changed(name: str, steps: Sequence[object]) -> CheckpointError:
    where = ".".join(map(str, (name, *steps)))
    return CheckpointError(
        f"its problem is another: `{where:.200}` is not what it was when the checkpoint was "
        "written. Resume with the problem, the field, the method and the version it was written "
        "with."
    )


def _reached(value: object) -> Mapping[str | int, object]:
    """What an object holds, by steps, the fields of functions and memory included."""
    if isinstance(value, FunctionType):
        return closure_of(value)
    parts = parts_of(value)
    if parts is None or parts.kind in ("set", "frozenset"):  # whose order is another every time
        return {}
    return dict(zip(parts.steps(), parts.children, strict=True))


def is_constant(value: object) -> bool:
    """Whether a value is a constant, of which there may be one for all who use it."""
    if not isinstance(value, tuple | frozenset):
        return False
    inner = [x for each in value for x in (each if type(each) is tuple else (each,))]
    return all(is_scalar(each) for each in inner)


def _home(value: object) -> str:
    module = type(value).__module__
    return module if isinstance(module, str) else ""
