"""Where members are solved: in processes of this machine, or as jobs of a cluster."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from siren_pde.errors import ConfigError

PATIENCE = 8.0
"""Seconds that members have to write what they reached, which they do within five."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""What libraries read the number of threads from."""


class Task(Protocol):
    """A member under way: a future of `concurrent.futures`, or a job of submitit."""

    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        ...

    def result(self) -> Any:
        """Its exit code, at once if it has ended; what it raised is raised."""
        ...

    def cancel(self) -> Any:
        """Keep it from starting, or end it."""
        ...


class Place(Protocol):
    """Anything that takes functions and their arguments: an executor."""

    def submit(self, function: Callable[..., int], /, *arguments: Any) -> Task:
        """Call the function there, some time."""
        ...


@dataclass(frozen=True)
class Command:
    """What solves one member: a command, tried before `otherwise`, with its words in `log`."""

    words: tuple[str, ...]
    otherwise: tuple[str, ...]
    log: Path
    threads: int


@dataclass(frozen=True)
class Cores:
    """The cores of this process, lent to its children: what they compute on stays theirs."""

    lent: set[int] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def some(self, count: int) -> Iterator[frozenset[int]]:
        """So many that nobody else has; none, where there are not so many or all are asked for."""
        with self.lock:
            own = os.sched_getaffinity(0)
            free = sorted(own - self.lent)
            taken = frozenset(free[:count] if len(own) > count <= len(free) else ())
            self.lent.update(taken)
        try:
            yield taken
        finally:
            with self.lock:
                self.lent.difference_update(taken)


@dataclass(frozen=True)
class Children:
    """The processes that members run in, to be ended with the sweep."""

    cores: Cores = field(default_factory=Cores)
    running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, words: Sequence[str], log: Path, threads: int) -> int:
        """Run a command to its end; its exit code, or 130 where the sweep was stopped before."""
        environment = {**os.environ, **dict.fromkeys(THREADS, str(threads))}
        with open(log, "ab") as said, self.cores.some(threads) as cores:
            with self.lock:
                if self.stopped.is_set():
                    return 128 + signal.SIGINT
                # a session of its own: Ctrl-C comes from us, once
                child = subprocess.Popen(
                    words, stdout=said, stderr=said, env=environment, start_new_session=True
                )
                self.running.add(child)
            _pinned(child.pid, cores)
            try:
                return child.wait()
            finally:
                with self.lock:
                    self.running.discard(child)

    def stop(self) -> None:
        """Ask all to end with what they have, and end those that do not."""
        with self.lock:
            self.stopped.set()
            running = [*self.running]
        for child in running:
            child.send_signal(signal.SIGINT)
        until = time.monotonic() + PATIENCE
        for child in running:
            try:
                child.wait(max(until - time.monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                child.kill()


def _pinned(process: int, cores: frozenset[int]) -> None:
    """Keep a process that has just begun, and has no threads yet, on some cores."""
    if not cores:
        return
    try:
        os.sched_setaffinity(process, cores)
    except OSError:  # it has ended already, or the system does not let us
        pass


CHILDREN = Children()
"""Those of this process."""


def solved(command: Command) -> int:
    """Solve a member in a process of its own; its exit code. Runs wherever the place is."""
    command.log.parent.mkdir(parents=True, exist_ok=True)
    code = CHILDREN.run(command.words, command.log, command.threads)
    if code in (1, 2) and command.otherwise:  # it could not go on: begin anew
        code = CHILDREN.run(command.otherwise, command.log, command.threads)
    return code


def local(jobs: int) -> ThreadPoolExecutor:
    """So many members at once, each in a process that a thread waits for."""
    return ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="sweep")


def slurm(folder: Path, threads: int, minutes: int) -> Place:
    """Jobs of a Slurm cluster, by submitit. Raises ConfigError where it is not installed."""
    try:
        from submitit import AutoExecutor
    except ImportError as cause:
        raise ConfigError(
            "`--executor slurm` hands members to a cluster by submitit, which is not installed. "
            'Write `pip install "siren-pde[slurm]"`, or leave the option out.'
        ) from cause
    executor: Any = AutoExecutor(folder=str(folder))
    executor.update_parameters(cpus_per_task=threads, timeout_min=minutes, name="siren-pde")
    place: Place = executor
    return place
