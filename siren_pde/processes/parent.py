"""A process that ends with the one that has started it."""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import suppress

_PARENT_DIES = 1
"""`PR_SET_PDEATHSIG` of Linux."""


def end_with_parent() -> None:
    """Have Linux end this process with the torchrun that has started it: no orphans."""
    with suppress(OSError, AttributeError):
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PARENT_DIES, signal.SIGTERM)
        if os.getppid() != parent:  # it has ended meanwhile
            os.kill(os.getpid(), signal.SIGTERM)
