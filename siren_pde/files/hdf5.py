"""HDF5 files as arrays, read by another process: the library in C does not survive all of them."""

from __future__ import annotations

import atexit
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy.typing as npt

from siren_pde.files.child import Answer, Child

Array = npt.NDArray[Any]

_SCRIPT = Path(__file__).with_name("hdf5_child.py")
PATIENCE = 60.0
"""Seconds to wait for an answer: it may compute for `SECONDS`, on a machine that is busy."""
SECONDS, MEMORY, GROWTH = 5, 256 << 20, 4
"""What the process may compute, beside a second for each 16 MB, and bytes that it may hold beside
so many times the file.
"""


@dataclass(frozen=True)
class Contents:
    """The arrays of a file by their paths, the groups it has, and what holds no numbers."""

    arrays: dict[str, Array]
    groups: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


_kept: list[Child] = []
_inherited: list[Child] = []
_turn = threading.Lock()


def read_hdf5(path: Path, size: int) -> Contents:
    """The arrays of numbers in any HDF5 file of so many bytes, by a process that reads only it.

    Raises StorageError for what links to elsewhere, needs more than four times its size, or 5
    seconds, or ends the process.
    """
    request = {"path": str(path.resolve()), "strict": False, **_limits(size)}
    reader = Child(_SCRIPT, PATIENCE)
    try:
        return _contents(reader.read({**request, "limit": GROWTH * size + MEMORY // 2}, b""))
    finally:
        reader.close()


def read_plain_hdf5(data: bytes) -> Contents:
    """The same for a file in memory whose arrays are plain, as `sealed.pack` makes it.

    Its process is kept for the next one: to start it takes a tenth of a second.
    """
    request = {"path": None, "strict": True, "limit": len(data), **_limits(len(data))}
    with _turn:
        reader = _idle() or Child(_SCRIPT, PATIENCE)
        try:
            return _contents(reader.read(request, data))
        finally:
            if reader.process.returncode is None:
                _kept.append(reader)


def _limits(size: int) -> dict[str, int]:
    """What the process is told of a file of so many bytes."""
    return {"size": size, "seconds": SECONDS + (size >> 24), "memory": MEMORY + GROWTH * size}


def _contents(answer: Answer) -> Contents:
    return Contents(answer.arrays, answer.said["groups"], answer.said["left_out"])


def _idle() -> Child | None:
    """A process that waits for the next file, if there is one."""
    while _kept:
        reader = _kept.pop()
        if reader.owner != os.getpid():  # of the process that forked this one
            _inherited.append(reader)
        elif reader.process.poll() is None:
            return reader
        else:
            reader.close()
    return None


@atexit.register
def _end() -> None:
    while _kept:
        reader = _kept.pop()
        if reader.owner == os.getpid():
            reader.close()
