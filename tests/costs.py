"""What work costs, told without a clock: calls, memory, modules."""

import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType


def calls_of(work: Callable[[], object]) -> int:
    """How many functions Python calls during `work`, its own and those written in C."""
    count = 0

    def counting(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def peak_of(work: Callable[[], object]) -> int:
    """The bytes that Python and NumPy hold at most during `work`, beyond those held before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def imported_by(*arguments: str) -> tuple[str, set[str]]:
    """What `python ARGUMENTS` says on standard output, and the packages that it imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], check=True, capture_output=True, text=True
    )
    modules = re.findall(r"^import time:.*\| +([\w.]+)$", done.stderr, flags=re.M)
    return done.stdout, {name.split(".")[0] for name in modules}
