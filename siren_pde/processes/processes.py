"""The processes that solve one problem together: their sums, what they share, and who writes.

One alone is the same code with one rank, and costs nothing.
"""

from __future__ import annotations

import atexit
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as made
from datetime import timedelta
from functools import lru_cache
from typing import Any, final

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed import distributed_c10d as c10d
from torch.distributed.rendezvous import rendezvous

from siren_pde.errors import ConfigError, ProcessError
from siren_pde.processes.absent import Peers, gathered_peers, told
from siren_pde.processes.launched import VARIABLE, Launched, end_with_torchrun
from siren_pde.processes.meeting import agreed_name
from siren_pde.runs import signals

TIMEOUT = 300.0
"""Seconds that the processes wait for each other: longer than a step of any, and than writing a
checkpoint, and short beside a job. torch's own default is half an hour.
"""
MEETING = 120.0
"""Seconds in which all have to be there, if `timeout` is less: some import and read more slowly."""
BACKENDS = {"cpu": "cpu:gloo", "cuda": "cpu:gloo,cuda:nccl"}
"""Who carries the sums, by the kind of device."""
_SAID, _FAILED = "+", "-"
"""What stands before a text that the first process says, and before why it has none."""
_POLLED = 0.05
"""Seconds between two looks for what the first process says."""
_SEEN = "Look whether all were started, and see each other over the network."
_FOREIGN = (
    "If the script makes their group itself, torch finds addresses of the dead where torchrun "
    "begins again, and where a group is made anew: write `Processes.joined()` in place of "
    "`torch.distributed.init_process_group()`, which makes a group that both can use."
)


@final
@dataclass(frozen=True, eq=False)
class Processes:
    """The processes that share a solve, seen from one of them, as it was `launched`.

    `Processes()` is one, `Processes.joined()` are those that `torchrun` has started. What they
    exchange is called by all of them, in the same order, and comes within `timeout` seconds:
    ProcessError names who does not answer. All have the same results, bit by bit.
    """

    launched: Launched = Launched()
    timeout: float = TIMEOUT
    _joined: list[Any] = made(default_factory=list, repr=False, metadata={"stored": False})

    @staticmethod
    def joined(device: torch.device | str = "cpu", *, timeout: float = TIMEOUT) -> Processes:
        """All processes that `torchrun` has started, or one alone where it has started none.

        `device` is where tensors are that they add up: gloo carries those of CPUs, nccl those of
        GPUs, of which each process takes the one of its number on the machine. A process ends with
        its torchrun. Raises ConfigError for other devices, ProcessError where they do not meet.
        """
        if not 0 < timeout < math.inf:
            raise ConfigError(f"processes wait for each other some seconds > 0, got {timeout!r}.")
        if VARIABLE not in os.environ:
            return Processes(timeout=timeout)
        end_with_torchrun()
        launched = Launched.here()
        if not launched.several:
            return Processes(launched, timeout)
        kind = torch.device(device).type
        if kind not in BACKENDS:
            raise ConfigError(
                f"several processes share a solve on CPUs and on GPUs of CUDA, not on `{device}`. "
                'Write `device="cpu"`, or start one process.'
            )
        if kind == "cuda":
            _take_gpu(launched.local)
        meeting = max(timeout, MEETING)
        try:
            if first := not dist.is_initialized():
                _init(BACKENDS[kind], timedelta(seconds=meeting))
            links = _links(BACKENDS[kind], timedelta(seconds=timeout), dist.group.WORLD)
        except RuntimeError as cause:
            raise ProcessError(
                f"{launched.count} processes did not meet within {meeting:g} s: {_first(cause)}. "
                f"{_SEEN if first else _FOREIGN}"
            ) from cause
        return Processes(launched, timeout, _joined=links)

    @property
    def rank(self) -> int:
        """The number of this one."""
        return self.launched.rank

    @property
    def count(self) -> int:
        """How many there are."""
        return self.launched.count

    @property
    def restarts(self) -> int:
        """How often torchrun has begun the job again."""
        return self.launched.restarts

    @property
    def several(self) -> bool:
        """Whether there are others."""
        return self.launched.count > 1

    @property
    def first(self) -> bool:
        """Whether it is the one that writes, reports and decides."""
        return self.rank == 0

    def device(self, given: torch.device | str) -> torch.device | str:
        """The device of this process where all were given the same: each has a GPU of its own."""
        own = self.several and torch.device(given).type == "cuda"
        return torch.device("cuda", self.launched.local) if own else given

    def part(self, n: int) -> slice:
        """Which of n things are this process's: as many as the others', or one more."""
        return slice(n * self.rank // self.count, n * (self.rank + 1) // self.count)

    # ── what they exchange ────────────────────────────────────────────────────────────────────

    def summed(self, *values: Tensor) -> tuple[Tensor, ...]:
        """The sums over all processes of tensors of one dtype, of any shapes, in one message.

        What is given may be overwritten.
        """
        if not self.several:
            return values
        flat = [value.reshape(-1) for value in values]
        whole = flat[0].contiguous() if len(flat) == 1 else torch.cat(flat)
        self._exchanged(lambda group: dist.all_reduce(whole, group=group))
        parts = torch.split(whole, [value.numel() for value in values])
        return tuple(part.view(v.shape) for part, v in zip(parts, values, strict=True))

    def gathered(self, rows: Tensor) -> Tensor:
        """The rows of all processes (N, …) below each other, of (n, …) here; n may differ."""
        if not self.several:
            return rows
        sizes = torch.zeros(self.count, dtype=torch.int64)
        sizes[self.rank] = len(rows)
        (sizes,) = self.summed(sizes)
        counts = sizes.tolist()
        padded = rows.new_zeros((max(counts), *rows.shape[1:]))
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in counts]
        self._exchanged(lambda group: dist.all_gather(parts, padded, group=group))
        return torch.cat([part[:n] for part, n in zip(parts, counts, strict=True)])

    def broadcast(self, value: Tensor) -> Tensor:
        """What the first process has; the shape and dtype are the same everywhere."""
        if not self.several:
            return value
        copy = value.detach().clone(memory_format=torch.contiguous_format)
        self._exchanged(lambda group: dist.broadcast(copy, src=0, group=group))
        return copy

    def passed(self, value: Tensor, step: int) -> Tensor | None:
        """What one that is `step` further has, of the same shape and dtype everywhere: each second
        of those whose numbers are multiples of `step` gives it to the one before, which alone has
        an answer.
        """
        to_take = self.rank % (2 * step) == 0
        if to_take and self.rank + step < self.count:
            other = torch.empty_like(value, memory_format=torch.contiguous_format)
            self._exchanged(lambda group: dist.recv(other, self.rank + step, group=group))
            return other
        if self.rank % (2 * step) == step:
            given = value.contiguous()
            self._exchanged(lambda group: dist.send(given, self.rank - step, group=group))
        return None

    def agreed(self, value: float) -> float:
        """The number of the first process: seconds above all, of which each has its own."""
        if not self.several:
            return value
        return float(self.broadcast(torch.tensor(value, dtype=torch.float64)))

    def before(self, deadline: float) -> bool:
        """Whether it is before a time of `time.monotonic()`, of which the first process decides:
        each has its own, from what all have begun together.
        """
        return self.agreed(deadline - time.monotonic()) > 0

    def all(self, holds: bool) -> bool:
        """Whether something holds for every process."""
        if not self.several:
            return holds
        (fails,) = self.summed(torch.tensor(not holds, dtype=torch.int64))
        return not int(fails)

    def told(self, text: Callable[[], str]) -> str:
        """The text of the first process, which makes it, however long that takes; the others wait,
        for torchrun ends them should the first one end.
        """
        if not self.several:
            return text()
        group, peers = self._joined
        store = dist.distributed_c10d._get_default_store()
        key = f"{peers.name(0)}/{group.group_name}/told"  # torchrun keeps what earlier ones said
        number = store.add(f"{key}/{self.rank}", 1)
        answer = f"{key}/text/{number}"
        if self.first:
            try:
                said = text()
            except BaseException as error:
                store.set(answer, f"{_FAILED}{type(error).__name__}: {error}")
                raise
            store.set(answer, f"{_SAID}{said}")
            return said
        with _named(self, peers):
            while not store.check([answer]):
                signals.check()
                if peers.state(0):
                    raise RuntimeError("the first process is gone")
                time.sleep(_POLLED)
            said = store.get(answer).decode()
        if said.startswith(_FAILED):
            raise ProcessError(f"the first of {self.count} processes has failed: {said[1:]}")
        return said[1:]

    def _exchanged(self, exchange: Callable[[dist.ProcessGroup], object]) -> None:
        group, peers = self._joined
        with _named(self, peers):
            exchange(group)


@contextmanager
def _named(processes: Processes, peers: Peers) -> Iterator[None]:
    """Say who is missing where an exchange fails; it also fails where all are asked to stop."""
    try:
        yield
    except RuntimeError as cause:
        signals.check()
        missing = told(processes.rank, processes.count, peers)
        signals.check()
        raise ProcessError(
            f"{processes.count} processes share this solve, and rank {processes.rank} has waited "
            f"in vain for the others: {missing}. Processes wait {processes.timeout:g} s for each "
            "other; what that one has said stands above or in its log."
        ) from cause


def _take_gpu(local: int) -> None:
    """Make the GPU of this number on the machine the current one. Raises ConfigError without it."""
    there = torch.cuda.device_count()
    if local >= there:
        raise ConfigError(
            f"process {local} of this machine has no GPU, as each takes one and there are {there}. "
            f"Start `torchrun --nproc-per-node {max(there, 1)}`, or leave out the device."
        )
    torch.cuda.set_device(local)


def _init(backend: str, timeout: timedelta) -> None:
    """Meet by the store of torchrun, under a name that nobody has met by before."""
    store, rank, count = next(iter(rendezvous("env://", timeout=timeout)))
    name = agreed_name(store, rank, count, timeout.total_seconds())
    own = c10d.PrefixStore(name, store)
    dist.init_process_group(backend, store=own, rank=rank, world_size=count, timeout=timeout)


@lru_cache(maxsize=8)
def _links(backend: str, timeout: timedelta, world: object) -> list[Any]:
    """A group of all processes with a timeout of its own, and who they are: made once for many
    solves, as each is a connection between all of them.
    """
    group = dist.new_group(backend=backend, timeout=timeout)
    links = [group, gathered_peers(dist.get_world_size(), group)]
    atexit.register(_left, links)
    return links


def _first(cause: BaseException) -> str:
    return (str(cause).splitlines() or [type(cause).__name__])[0][:200].rstrip(".")


def _left(links: list[Any]) -> None:
    """Leave the others in peace at the end of the process: torch aborts one that still has groups
    when Python is over.
    """
    links.clear()
    if dist.is_initialized():
        dist.destroy_process_group()
