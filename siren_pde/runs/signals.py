"""Being stopped from outside: Ctrl-C, SIGTERM and SIGHUP end a command in seconds, with what it
has.

The first signal raises `Stopped` in the main thread. Where that does not come back soon, as from a
long factorisation, a thread of its own lets the last state be written, and ends the process.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE, LATEST = 3.0, 4.5
"""Seconds that the main thread has after a signal to come back from a step, and to write all."""
AT_ONCE = 0.25
"""A signal that comes again within so many seconds is the same: `timeout` sends it to the process
and to its group.
"""


class Stopped(KeyboardInterrupt):
    """A signal has come, which asks the process to end."""

    def __init__(self, signum: int) -> None:
        self.signum = signum

    @property
    def code(self) -> int:
        """What the process exits with."""
        return 128 + self.signum


class Signals:
    """What has come, and what is done about it; the main thread has `patience` seconds."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.received: int | None = None
        self.rescue: Callable[[], None] | None = None
        self._raised = False
        self._deferring = 0

    def handle(self, signum: int, frame: FrameType | None) -> None:
        """What Python calls in the main thread: the first signal is raised, once it may be."""
        self.received = self.received or signum
        if not self._deferring:
            self.check()

    def check(self) -> None:
        """Raise what has come, unless it was raised before."""
        if self.received is not None and not self._raised:
            self._raised = True
            raise Stopped(self.received)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let what is being done be done first: it takes a moment."""
        self._deferring += 1
        try:
            yield
        finally:
            self._deferring -= 1
        if not self._deferring and threading.current_thread() is threading.main_thread():
            self.check()

    def watch(self, pipe: int) -> None:
        """Wait for signals until the pipe is closed; end the process where the main thread does not
        come back, or is asked again.
        """
        signum = _arrived(pipe, None)
        if signum is None:
            return
        self.received = self.received or signum
        started, latest = time.monotonic(), self.patience
        while (waited := time.monotonic() - started) < latest:
            again = _arrived(pipe, latest - waited)
            if again is None:
                return
            if again and (again != signum or time.monotonic() - started > AT_ONCE):
                os._exit(128 + again)
            if again == 0 and self.rescue is None:  # it has, and is writing
                latest = max(LATEST, self.patience)
        if self.rescue is not None:
            self.rescue()
            _say("stopped in the middle of a step; the one before is kept")
        else:
            _say("stopped before all was written")
        os._exit(128 + signum)


_ACTIVE = Signals()
"""What handles signals now; nothing comes to it while no `caught` is under way."""


@contextmanager
def caught(patience: float = PATIENCE) -> Iterator[Signals]:
    """Handle signals until the end of the block, which comes at most `patience` seconds after one.
    What was ignored before, as by `nohup`, still is.

    Outside the main thread nothing changes: Python lets no other thread handle signals.
    """
    global _ACTIVE
    if threading.current_thread() is not threading.main_thread():
        yield _ACTIVE
        return
    outer, _ACTIVE = _ACTIVE, Signals(patience)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    ours = [s for s in SIGNALS if signal.getsignal(s) not in (signal.SIG_IGN, None)]
    before = {s: signal.signal(s, _ACTIVE.handle) for s in ours}
    watcher = threading.Thread(target=_ACTIVE.watch, args=(reading,), daemon=True)
    watcher.start()
    try:
        yield _ACTIVE
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)
        signal.set_wakeup_fd(wakeup)
        os.close(writing)
        watcher.join()
        os.close(reading)
        _ACTIVE = outer


@contextmanager
def deferred() -> Iterator[None]:
    """Let no signal interrupt what is being written; it is raised afterwards."""
    with _ACTIVE.deferred():
        yield


@contextmanager
def rescuing(rescue: Callable[[], None]) -> Iterator[None]:
    """What the other thread calls where the main one does not come back: it writes the last state,
    and may be called while that is changed.
    """
    signals, before = _ACTIVE, _ACTIVE.rescue
    signals.rescue = rescue
    try:
        yield
    finally:
        signals.rescue = before


def check() -> None:
    """Raise `Stopped` where a signal has come that was lost on its way, as in a function called by
    C, which ignores exceptions.
    """
    _ACTIVE.check()


def _arrived(pipe: int, seconds: float | None) -> int | None:
    """The next signal that comes, 0 if none does in so many seconds, None once nobody waits."""
    while True:
        ready, _, _ = select.select([pipe], [], [], seconds)
        if not ready:
            return 0
        data = os.read(pipe, 1)
        if not data:
            return None
        if data[0] in SIGNALS:
            return data[0]


def _say(text: str) -> None:
    """On standard error, past buffers that the main thread may hold."""
    try:
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"siren_pde: {text}\n".encode())
    except (OSError, ValueError):
        pass  # nobody listens
