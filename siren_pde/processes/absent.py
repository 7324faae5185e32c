"""Which process of a job is missing, where the others have waited for it in vain."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import torch
import torch.distributed as dist

GRACE = 2.0
"""Seconds in which those that wait, too, say so, and one that failed comes to its end."""
_POLLED = 0.05
ENDED, STOPPED = "XZx", "Tt"
"""States of a process in `/proc`: over, and stopped by a signal or a debugger."""


@final
class Peers:
    """The processes of a job, by number: on which machine each is, and its number there."""

    def __init__(self, pairs: Sequence[tuple[int, int]]) -> None:
        self._pairs = tuple(pairs)

    @staticmethod
    def own() -> tuple[int, int]:
        """This machine, by a checksum of its name, and this process."""
        return zlib.crc32(socket.gethostname().encode()), os.getpid()

    def state(self, rank: int) -> str:
        """What became of a process, in words; empty if it runs, or is on another machine."""
        machine, number = self._pairs[rank]
        if machine != Peers.own()[0]:
            return ""
        try:
            text = (Path("/proc") / str(number) / "stat").read_text()
        except OSError:
            return "has ended" if Path("/proc/self").exists() else ""
        letter = text.rpartition(")")[2].split()[0]
        return "has ended" if letter in ENDED else "is stopped" if letter in STOPPED else ""

    def name(self, rank: int) -> str:
        """A process in words."""
        return f"rank {rank} (process {self._pairs[rank][1]})"

    def wake(self, rank: int) -> None:
        """Let a process that is stopped run, so that it can be ended as torchrun ends all."""
        with contextlib.suppress(OSError):
            os.kill(self._pairs[rank][1], signal.SIGCONT)


def told(rank: int, count: int, peers: Peers) -> str:
    """Who is missing in a job of `count` processes, asked by the one that is `rank`, in a sentence.

    All that wait say so in the job's store; those that do not, and are not seen to have ended or
    to be stopped, hang. It takes `GRACE` seconds at most.
    """
    others = [k for k in range(count) if k != rank]
    store = dist.distributed_c10d._get_default_store()
    with contextlib.suppress(RuntimeError):  # of a torchrun that is gone
        store.set(_key(peers, rank), "yes")
    until = time.monotonic() + GRACE
    while time.monotonic() < until:
        states = {k: state for k in others if (state := peers.state(k))}
        if states:
            for k in states:
                peers.wake(k)
            return "; ".join(f"{peers.name(k)} {state}" for k, state in states.items())
        time.sleep(_POLLED)
    silent = [k for k in others if not _waits(store, _key(peers, k))]
    if not silent:
        return "none of them has ended, so that the network between them may be broken"
    return "; ".join(f"{peers.name(k)} does not answer" for k in silent)


def _key(peers: Peers, rank: int) -> str:
    """Other than in earlier attempts of the job, whose words torchrun keeps."""
    return f"waits/{peers.name(0)}/{rank}"


def _waits(store: Any, key: str) -> bool:
    try:
        return bool(store.check([key]))
    except RuntimeError:
        return False


def gathered_peers(count: int, group: dist.ProcessGroup | None) -> Peers:
    """All processes of a job, each of which calls this."""
    mine = torch.tensor(Peers.own(), dtype=torch.int64)
    pairs = [torch.empty_like(mine) for _ in range(count)]
    dist.all_gather(pairs, mine, group=group)
    return Peers([(int(machine), int(number)) for machine, number in pairs])
