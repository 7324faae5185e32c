"""One writer for a folder: a lock that the operating system releases with its process."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from siren_pde.errors import RunLockedError, StorageError

NAME = ".lock"
"""The file that is locked. It stays: one that were removed could be locked twice."""
_WIDTH = 512
"""Bytes of what it says, written at once, so that nobody reads half of it."""


@dataclass(frozen=True)
class Lock:
    """A folder's lock, held from `Lock.taken` until `release` or the end of the process.

    It is one of `flock`: a second one is refused in the same process too, and one of a process
    that was killed is none.
    """

    handle: int

    @staticmethod
    def made(folder: Path) -> Lock:
        """The lock of a folder, which is made if need be. Raises as `taken` does."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise StorageError(
                f"cannot make the folder `{folder}`: {cause.strerror or cause}. Choose another one."
            ) from cause
        return Lock.taken(folder)

    @staticmethod
    def taken(folder: Path) -> Lock:
        """Lock a folder. Raises RunLockedError, naming who has it, or StorageError."""
        try:
            handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as cause:
            raise StorageError(
                f"cannot write to the folder `{folder}`: {cause.strerror or cause}. Choose one "
                "that exists and can be written to."
            ) from cause
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            own = {"pid": os.getpid(), "host": socket.gethostname()}
            os.pwrite(handle, json.dumps(own).encode()[:_WIDTH].ljust(_WIDTH), 0)
        except BlockingIOError as cause:
            writer = _writer(handle)
            os.close(handle)
            raise RunLockedError(
                f"the run in `{folder}` is being written by {writer}. Wait until it ends, stop it, "
                "or choose another folder."
            ) from cause
        except OSError as cause:
            os.close(handle)
            raise StorageError(
                f"cannot lock the folder `{folder}`: {cause.strerror or cause}. Choose one on a "
                "disk that has space and knows locks."
            ) from cause
        return Lock(handle)

    def release(self) -> None:
        """Let others write, and say that nobody does."""
        try:
            os.pwrite(self.handle, b" " * _WIDTH, 0)
        except OSError:  # a disk that is full: the lock is what counts
            return
        finally:
            os.close(self.handle)


def writing(folder: Path) -> str:
    """Which process of this machine writes there, in words; empty if the one that did is gone.

    The lock is not touched, lest somebody find it taken.
    """
    try:
        said = json.loads((folder / NAME).read_bytes()[:_WIDTH])
        if said["host"] != socket.gethostname():
            return f"process {int(said['pid'])} on {said['host']!s:.80}"
        os.kill(int(said["pid"]), 0)
    except PermissionError:  # of somebody else
        return f"process {int(said['pid'])} on this machine"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return f"process {int(said['pid'])} on this machine"


def _writer(handle: int) -> str:
    try:
        said = json.loads(os.pread(handle, _WIDTH, 0))
        return f"process {int(said['pid'])} on {said['host']!s:.80}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
