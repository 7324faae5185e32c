"""Solves that are stopped, packed, and gone on with from the bytes: what they have come to."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from siren_pde.files.sealed import pack, unpack
from siren_pde.optimisers.base import Iterate, Method, Spent
from siren_pde.problem import Problem
from siren_pde.runs.state import packed, unpacked
from siren_pde.solving.auto import Auto
from siren_pde.solving.prepare import Call, prepared

TICK = 0.2
"""Seconds that the clock goes on whenever it is read, whatever real ones do: so that marches stop
after a slab or two, and turns are short.
"""
SPENT = Spent(0.1, 1e6)


@dataclass(frozen=True)
class Case:
    """A problem, what solves it, and how many steps there are before the break and after it.

    `first` is the method that `Auto` begins with, if it is not to choose.
    """

    problem: Callable[[], Problem]
    method: Method[Any]
    field: Callable[[], Any] = lambda: None
    before: int = 2
    after: int = 2
    first: Method[Any] | None = None


@dataclass(frozen=True)
class Prepared:
    """The method that steps, and what its state refers to: made in the same way each time."""

    method: Method[Any]
    roots: Mapping[str, Any]

    @staticmethod
    def of(case: Case, quadrature: Any = None, dtype: Any = None) -> "Prepared":
        problem, given = case.problem(), {"field": case.field(), "method": case.method}
        call = Call(problem=problem, quadrature=quadrature, dtype=dtype, **given)
        ready = prepared(call)
        method, objective = ready.method, ready.objective
        if isinstance(method, Auto) and case.first is not None:
            method = replace(method, first=case.first)
        return Prepared(method, {"problem": problem, "objective": objective, "given": case.method})

    def start(self) -> Iterate[Any]:
        return self.method.start(self.roots["objective"])

    def stepped(self, at: Iterate[Any], steps: int) -> Iterate[Any]:
        for _ in range(steps):
            if at.finished:
                break
            at = self.method.step(at, SPENT)
        return at

    def reached(self, at: Iterate[Any]) -> tuple[object, ...]:
        """All there is to an iterate, to be compared bit by bit."""
        numbers = [hashlib.sha256(x.numpy().tobytes()).hexdigest() for x in (at.theta, at.loss)]
        words = (at.note, at.finished, at.reached, at.outcome)
        return *numbers, *words, digest(at, self.roots)


@contextmanager
def ticking() -> Iterator[Callable[[], None]]:
    """A clock that counts how often it is read, and what starts it again."""
    counts = [itertools.count()]

    def restarted() -> None:
        counts[0] = itertools.count()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.monotonic", lambda: TICK * next(counts[0]))
        yield restarted


def stored(value: object, roots: Mapping[str, object]) -> bytes:
    """A sealed checkpoint."""
    description, arrays = packed(value, roots)
    return pack(description, {"state": arrays}, "checkpoint")


def restored(data: bytes, roots: Mapping[str, object]) -> Any:
    """What a sealed checkpoint holds."""
    description, groups = unpack(data, "checkpoint")
    return unpacked(description, groups["state"], roots)


def digest(value: object, roots: Mapping[str, object]) -> str:
    """SHA-256 of a packed state: of tensors the numbers, wherever they lie, and of all else what it
    is made of, whether it is shared or not: caches are shared before a break, and not after it.
    """
    description, arrays = packed(value, roots)
    given: dict[str, Any] = dict(description)
    memory, made = arrays["memory"].tobytes(), list[str]()
    for kind, *entry in given["entries"]:
        if kind in ("tensor", "parameter", "array") and type(entry[1]) is int:
            start, length, _ = given["pieces"][entry[1]]
            part = memory[start + entry[2] :][: length if kind == "array" else _size(entry)]
            entry[1:3] = [hashlib.sha256(part).hexdigest()]
        elif kind not in ("root", "tensor", "parameter", "array"):
            entry = [made[each[0]] if isinstance(each, list) else each for each in entry]
        made.append(hashlib.sha256(json.dumps([kind, entry]).encode()).hexdigest())
    return json.dumps([given["classes"], made[given["value"][0]]])


def _size(entry: list[Any]) -> int:
    """The bytes between the first and the last number of a tensor."""
    each: int = getattr(torch, entry[0]).itemsize
    return each * (1 + sum((n - 1) * s for n, s in zip(entry[3], entry[4], strict=True)))


def courses(case: Case, quadrature: Any = None, dtype: Any = None) -> tuple[Any, Any]:
    """Where a solve is at the break and in the end: undisturbed, and with all of it made anew from
    the bytes of a checkpoint at the break.
    """
    with ticking() as restarted:
        one = Prepared.of(case, quadrature, dtype)
        at = one.stepped(one.start(), case.before)
        undisturbed, data = [one.reached(at)], stored({"at": at, "by": one.method}, one.roots)
        restarted()
        undisturbed.append(one.reached(one.stepped(at, case.after)))
        other = Prepared.of(case, quadrature, dtype)
        held = restored(data, other.roots)
        other = replace(other, method=held["by"])
        resumed = [other.reached(held["at"])]
        restarted()
        resumed.append(other.reached(other.stepped(held["at"], case.after)))
    return undisturbed, resumed


def stopped(case: Case, path: Path) -> object:
    """Where a solve is at the break; its checkpoint is written."""
    with ticking():
        one = Prepared.of(case)
        at = one.stepped(one.start(), case.before)
        path.write_bytes(stored({"at": at, "by": one.method}, one.roots))
        return one.reached(at)


def resumed(case: Case, path: Path) -> object:
    """Where a solve ends that goes on from a checkpoint."""
    with ticking() as restarted:
        one = Prepared.of(case)
        held = restored(path.read_bytes(), one.roots)
        one = replace(one, method=held["by"])
        restarted()
        return one.reached(one.stepped(held["at"], case.after))


def undisturbed(case: Case, path: Path) -> object:
    """Where a solve ends that nothing has interrupted."""
    with ticking() as restarted:
        one = Prepared.of(case)
        at = one.stepped(one.start(), case.before)
        restarted()
        return one.reached(one.stepped(at, case.after))
