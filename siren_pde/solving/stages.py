"""The stages of a long call: said when they start, timed, and predicted from one that is over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

from siren_pde.solving.solve import announce


@final
class Stages:
    """How many seconds each stage took, by name; each is said on standard error unless `quiet`."""

    def __init__(self, *, quiet: bool = True) -> None:
        self.quiet = quiet
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, name: str, text: str = "", expected: float = 0.0) -> Iterator[None]:
        """Time a stage; say `text`, and how many seconds are `expected` if that is one or more.

        A stage that comes again, or beside another, counts again.
        """
        if text and not self.quiet:
            announce(text + (f", about {expected:.0f} s" if expected >= 1 else ""))
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - started

    def times(self, factor: float, name: str) -> float:
        """What takes `factor` times as long as the stage `name` took will take, in seconds."""
        return factor * self.seconds.get(name, 0.0)
