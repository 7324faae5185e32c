"""HDF5 files as arrays, read by another process: the library in C does not survive all of them."""

from __future__ import annotations

import atexit
import json
import math
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from siren_pde.errors import StorageError

Array = npt.NDArray[Any]

_SCRIPT = Path(__file__).with_name("hdf5_child.py")
_KIND = re.compile(r"[<>|][biufcS]\d{1,9}")
_LONGEST = 1 << 24
"""Bytes of the line that lists the arrays."""
PATIENCE = 60.0
"""Seconds to wait for an answer: it may compute for five, on a machine that is busy."""


@dataclass(frozen=True)
class Contents:
    """The arrays of a file by their paths, the groups it has, and what holds no numbers."""

    arrays: dict[str, Array]
    groups: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


class _Reader:
    """A process that reads files, one after another."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(_SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for whoever asked
            env={**os.environ, "OMP_NUM_THREADS": "1", "HDF5_USE_FILE_LOCKING": "FALSE"},
        )

    def read(self, request: dict[str, Any], data: bytes) -> Contents:
        """What is in a file. Raises StorageError; the process may then be gone."""
        late = threading.Timer(PATIENCE, self.process.kill)
        late.start()
        try:
            assert self.process.stdin and self.process.stdout
            self.process.stdin.write(json.dumps(request).encode() + b"\n" + data)
            self.process.stdin.flush()
            return self._answer(self.process.stdout)
        except (OSError, ValueError, EOFError) as cause:
            if isinstance(cause, StorageError):
                raise
            self.close()
            ended = self.process.returncode
            raise StorageError(
                f"reading it ended the process that did ({type(cause).__name__}, code {ended}): it "
                "is damaged, needs too much time or memory, or is made to harm. Use another copy."
            ) from cause
        except BaseException:  # half an answer may be left in the pipe
            self.close()
            raise
        finally:
            late.cancel()

    def _answer(self, pipe: Any) -> Contents:
        said = json.loads(pipe.readline(_LONGEST) or b"-")
        if "error" in said:
            raise StorageError(f"{said['error']}. Use another copy.")
        arrays = {}
        for name, kind, shape, size in said["arrays"]:
            if not _KIND.fullmatch(kind) or math.prod(shape) * np.dtype(kind).itemsize != size:
                raise ValueError(kind)
            data = pipe.read(size)
            if len(data) != size:
                raise EOFError(name)
            arrays[name] = np.frombuffer(bytearray(data), kind).reshape(shape)
        return Contents(arrays, said["groups"], said["left_out"])

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


_kept: list[_Reader] = []
_inherited: list[_Reader] = []
_turn = threading.Lock()


def read_hdf5(path: Path, size: int) -> Contents:
    """The arrays of numbers in any HDF5 file of so many bytes, by a process that reads only it.

    Raises StorageError for what links to elsewhere, needs more than four times its size, or 5
    seconds, or ends the process.
    """
    request = {"path": str(path.resolve()), "size": size, "strict": False}
    reader = _Reader()
    try:
        return reader.read({**request, "limit": 4 * size + (128 << 20)}, b"")
    finally:
        reader.close()


def read_plain_hdf5(data: bytes) -> Contents:
    """The same for a file in memory whose arrays are plain, as `sealed.pack` makes it.

    Its process is kept for the next one: to start it takes a tenth of a second.
    """
    request = {"path": None, "size": len(data), "strict": True, "limit": len(data)}
    with _turn:
        reader = _idle() or _Reader()
        try:
            return reader.read(request, data)
        finally:
            if reader.process.returncode is None:
                _kept.append(reader)


def _idle() -> _Reader | None:
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
