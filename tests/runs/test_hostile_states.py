"""Descriptions of states that somebody else has written: nothing of them is run, and all that make
no sense are refused by type.
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
import pytest
import torch

from siren_pde import Siren
from siren_pde.errors import CheckpointError, StorageError
from siren_pde.optimisers.adam import Moments
from siren_pde.runs.state import packed, unpacked
from tests.runs.continued import restored, stored

RAN: list[str] = []
"""What was run of the classes below."""


@dataclass(frozen=True)
class Trap:
    """A class of the user's that would do something if anything of it were run."""

    value: Any = None
    spaces: list[int] = field(default_factory=list, metadata={"stored": False})

    def __post_init__(self) -> None:
        RAN.append("post_init")

    def __setstate__(self, state: object) -> None:
        RAN.append("setstate")

    def __reduce__(self) -> Any:
        return RAN.append, ("reduce",)

    @property
    def described(self) -> str:
        RAN.append("property")
        return "described"


class Leaving:
    """A class that does something when an instance is thrown away."""

    def __del__(self) -> None:
        RAN.append("del")


class Kind(Enum):
    one = 1


class Odd(list[int]):
    """A list with code of its own."""

    def __iter__(self) -> Iterator[int]:
        RAN.append("iter")
        return super().__iter__()


@pytest.fixture(autouse=True)
def _nothing_ran() -> Iterator[None]:
    RAN.clear()
    yield
    assert not RAN


ROOTS, ALIKE = ({"told": Trap(Siren(2, width=3))} for _ in range(2))
KEPT = Trap()
FINE: dict[str, Any] = {
    "format": 1,
    "classes": [["siren_pde.optimisers.adam", "Moments", ["mean", "square", "steps"]]],
    "entries": [
        ["tensor", "float64", 0, 0, [2], [1], [False, False]],
        ["object", 0, [0], [0], 3],
    ],
    "pieces": [[0, 16, "cpu"]],
    "value": [1],
}
MEMORY = {"memory": np.arange(16, dtype=np.uint8)}
HERE = __name__


def changed(**parts: Any) -> dict[str, Any]:
    return {**FINE, **parts}


def of(*entries: Any, classes: Any = (), value: Any = None) -> dict[str, Any]:
    return changed(classes=list(classes), entries=list(entries), value=value or [len(entries) - 1])


def instance(module: str, name: str, *names: str) -> dict[str, Any]:
    return of(["object", 0, *[1] * len(names)], classes=[[module, name, list(names)]])


def tensor(*about: Any) -> dict[str, Any]:
    return of(["tensor", *about])


HOSTILE = {
    "another format": changed(format=2),
    "no format": {},
    "a class of os": instance("os", "_wrap_close", "name"),
    "a class of subprocess": instance("subprocess", "Popen", "args"),
    "a function for a class": instance("os", "system"),
    "a function of the package": instance("siren_pde.solving.solve", "solve"),
    "a name through a module": instance("siren_pde.solving.solve", "sys.modules"),
    "a class through another module": instance("siren_pde.solving.solve", "Path"),
    "a class known elsewhere": instance("siren_pde.solving.solve", "Adam"),
    "dunder in a name": instance("siren_pde.solving.solve", "__builtins__.object"),
    "a path for a module": instance("../evil", "Evil"),
    "a module that runs the command": instance("siren_pde.__main__", "Main"),
    "a module that nobody imported": instance("antigravity", "Evil"),
    "a wing that touches files": instance("siren_pde.io.solutions", "Path"),
    "an error": instance("siren_pde.errors", "ConfigError"),
    "a class of torch's": instance("torch.package.package_importer", "PackageImporter"),
    "a layer that is none": instance("torch.nn.modules.module", "_IncompatibleKeys"),
    "a list": instance("builtins", "list"),
    "a class that ends in code": instance(HERE, "Leaving"),
    "a class with a built-in base": instance(HERE, "Odd"),
    "a new member of an enumeration": instance(HERE, "Kind", "value"),
    "a field in place of a property": instance(HERE, "Trap", "described"),
    "a field in place of a method": instance(HERE, "Trap", "__post_init__"),
    "a field in place of a forward pass": instance("siren_pde.fields.siren", "Siren", "forward"),
    "a field that is the class": instance(HERE, "Trap", "__class__"),
    "a network as a plain object": instance("siren_pde.fields.siren", "Siren", "width"),
    "a plain object as a network": of(["module", 0], classes=[[HERE, "Trap", []]]),
    "a plain class as a tuple": of(["named", 0], classes=[[HERE, "Trap", []]]),
    "too few fields": of(["object", 0, 1], classes=[[HERE, "Trap", ["value", "spaces"]]]),
    "memory that is none": of(["anew", 0, "value"], classes=[[HERE, "Trap", []]]),
    "no such member": of(["member", 0, "two"], classes=[[HERE, "Kind", []]]),
    "a member of no enumeration": of(["member", 0, "one"], classes=[[HERE, "Trap", []]]),
    "a class as a value": of(["class", 0], classes=[[HERE, "Trap", []]]),
    "a partial call": of(["tuple"], ["partial", [0], [0], [0]]),
    "a method": of(["root", "told", [], "Trap"], ["method", [0], "__post_init__"]),
    "an unknown kind": of(["reduce", "os", "system"]),
    "no kind": of([]),
    "a later entry": of(["list", [1]], ["list"]),
    "itself": of(["list", [0]]),
    "a negative entry": of(["list"], ["list", [-1]]),
    "half an entry": of(["list"], ["list", [0.5]]),
    "two entries": of(["list"], ["list", [0, 0]]),
    "a list as a key": of(["list"], ["dict", [0], 1]),
    "half a dictionary": of(["dict", 1]),
    "no such root": of(["root", "others", [], "Trap"]),
    "a root of another kind": of(["root", "told", [], "Siren"]),
    "a dunder of a root": of(["root", "told", ["__class__"], "type"]),
    "a property of a root": of(["root", "told", ["described"], "str"]),
    "the code of a root": of(["root", "told", ["__init__", "__globals__"], "dict"]),
    "a step too far": of(["root", "told", ["value", "width", 0], "int"]),
    "no memory": tensor("float64", 5, 0, [2], [1], [False, False]),
    "more than the memory": tensor("float64", 0, 0, [3], [1], [False, False]),
    "behind the memory": tensor("float64", 0, 8, [2], [1], [False, False]),
    "a huge shape": tensor("float64", 0, 0, [1 << 40], [1], [False, False]),
    "a huge shape of repetitions": tensor("float64", 0, 0, [1 << 40, 2], [0, 1], [False, False]),
    "huge strides": tensor("float64", 0, 0, [2], [1 << 61], [False, False]),
    "a negative stride": tensor("float64", 0, 8, [2], [-1], [False, False]),
    "a negative shape": tensor("float64", 0, 0, [-1, -2], [1, 1], [False, False]),
    "fewer strides": tensor("float64", 0, 0, [1, 2], [1], [False, False]),
    "half a number": tensor("float64", 0, 4, [1], [1], [False, False]),
    "no memory and a shape": tensor("float64", "cpu", 0, [9], [1], [False, False]),
    "another device": tensor("float64", "cuda:7", 0, [0], [1], [False, False]),
    "objects in a tensor": tensor("object", 0, 0, [2], [1], [False, False]),
    "no number in a tensor": tensor("quint8", 0, 0, [2], [1], [False, False]),
    "objects in an array": of(["array", "|O", 0, 0, [2], False]),
    "fields in an array": of(["array", "f8,O", 0, 0, [1], False]),
    "a huge array": of(["array", "<f8", 0, 0, [1 << 50], False]),
    "memory beyond the file": changed(pieces=[[0, 1 << 50, "cpu"]]),
    "memory before the file": changed(pieces=[[-8, 16, "cpu"]]),
    "memory on another device": changed(pieces=[[0, 16, "meta"]]),
    "an evil number": of(["list", {"numpy": "|O8 0000000000000000"}]),
    "two scalars": of(["list", {"int": "0x1", "float": "00"}]),
    "a scalar of a kind unknown": of(["list", {"eval": "1"}]),
    "a generator on no device": of(["generator", "nowhere", "00"]),
    "a generator without a state": of(["generator", "cpu", "00"]),
    "no list of classes": changed(classes=7),
    "no list of entries": changed(entries={"a": 1}),
    "nothing": changed(value=[2]),
}


def test_the_example_is_a_state() -> None:
    moments = unpacked(FINE, MEMORY, ROOTS)
    assert isinstance(moments, Moments) and moments.mean is moments.square
    assert moments.mean.numpy().tobytes() == MEMORY["memory"].tobytes() and moments.steps == 3


@pytest.mark.parametrize("description", HOSTILE.values(), ids=HOSTILE)
def test_hostile_descriptions_are_refused_by_type(description: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError):
        unpacked(description, MEMORY, ROOTS)
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    "memory", [{}, {"memory": np.zeros(16)}, {"memory": np.zeros((4, 4), np.uint8)}]
)
def test_memory_that_is_none_is_refused(memory: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError):
        unpacked(FINE, memory, ROOTS)


def test_objects_of_the_user_are_made_without_running_anything_of_theirs() -> None:
    same = unpacked(*packed(ROOTS["told"], {"told": KEPT}), {"told": KEPT})
    assert type(same) is Trap and same.value.width == 3 and same.spaces == []


def mutated(value: Any, rng: random.Random) -> Any:
    """A description with something somewhere replaced by something else."""
    if isinstance(value, dict):
        key = rng.choice([*value])
        return {**value, key: mutated(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        return [*value[:at], mutated(value[at], rng), *value[at + 1 :]]
    odd: list[Any] = [None, True, -1, 0, 1, 2, 1 << 62, 0.5, "", "cpu", "__class__", [], [0], [1]]
    return rng.choice(
        [*odd, [9], {}, {"float": "zz"}, [[0]], "float64", "object", "root", "tensor"]
    )


def test_descriptions_changed_at_random_are_read_or_refused_by_type() -> None:
    rng, refused = random.Random(0), 0
    description, arrays = packed(
        {"net": Siren(2, width=4, seed=1), "at": (Moments(torch.ones(3), torch.ones(3)), 0.5)},
        ROOTS,
    )
    for _ in range(3000):
        try:
            unpacked(mutated(description, rng), arrays, ROOTS)
        except CheckpointError:
            refused += 1
    assert refused > 1000


def test_every_flipped_bit_of_a_checkpoint_is_noticed() -> None:
    data = stored({"mean": torch.arange(500.0), "net": Siren(2, width=4)}, ROOTS)
    assert restored(data, ROOTS)["mean"][499] == 499
    rng = random.Random(1)
    for _ in range(300):
        at = rng.randrange(8 * len(data))
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(StorageError):
            restored(bytes(flipped), ROOTS)
    for size in (0, 1, 511, 512, len(data) // 2, len(data) - 1):
        with pytest.raises(StorageError):
            restored(data[:size], ROOTS)


def test_a_state_is_refused_for_another_problem() -> None:
    held = ALIKE["told"].value
    given = packed([held.layers, held.frequency], ALIKE)
    layers, frequency = unpacked(*given, ROOTS)
    assert layers is ROOTS["told"].value.layers and frequency is ROOTS["told"].value.frequency
    with pytest.raises(CheckpointError, match="its problem is another: `told"):
        unpacked(*given, {"told": KEPT})
