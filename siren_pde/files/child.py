"""A process of its own that reads files, one after another, and hands back plain arrays."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from siren_pde.errors import StorageError

Array = npt.NDArray[Any]

_KIND = re.compile(r"[<>|][biufcS]\d{1,9}")
_LONGEST = 1 << 24
"""Bytes of the line that lists the arrays."""


class Answer(NamedTuple):
    """What a process says about a file, and the arrays in it by their names."""

    said: dict[str, Any]
    arrays: dict[str, Array]


class Child:
    """A Python script that answers requests: a line of JSON, and perhaps the bytes of a file.

    Back come a line of JSON, whose `arrays` lists names, kinds, shapes and sizes, and their bytes.
    It is given `patience` seconds for each.
    """

    def __init__(self, script: Path, patience: float) -> None:
        self.owner, self.patience = os.getpid(), patience
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for whoever asked
            env={**os.environ, "OMP_NUM_THREADS": "1", "HDF5_USE_FILE_LOCKING": "FALSE"},
        )

    def read(self, request: dict[str, Any], data: bytes) -> Answer:
        """What is in a file. Raises StorageError; the process may then be gone."""
        late = threading.Timer(self.patience, self.process.kill)
        late.start()
        try:
            assert self.process.stdin and self.process.stdout
            self.process.stdin.write(json.dumps(request).encode() + b"\n" + data)
            self.process.stdin.flush()
            return _answer(self.process.stdout)
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

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


def _answer(pipe: Any) -> Answer:
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
    return Answer(said, arrays)
