"""How the processes of a job meet: by a name of their own in a store that outlives them."""

from __future__ import annotations

import secrets
import time

from torch.distributed import distributed_c10d as c10d

from siren_pde.runs import signals

_POLLED = 0.05
"""Seconds between two looks into the store."""


def agreed_name(store: c10d.Store, rank: int, count: int, seconds: float) -> str:
    """A word that the processes which now meet have in common, and none that met before.

    torchrun keeps its store when it begins again, with the addresses of the dead, and how often it
    has begun again is another number on each machine. So each process but the first says that it is
    here by a word that nobody has said, and the first answers the last word of each. Raises
    RuntimeError that says who was missing after so many seconds.
    """
    until = time.monotonic() + seconds
    return _first(store, count, until) if rank == 0 else _other(store, rank, until)


def _first(store: c10d.Store, count: int, until: float) -> str:
    name = secrets.token_hex(8)
    answered: dict[int, bytes] = {}
    missing = set(range(1, count))
    while missing:
        for rank in missing:
            said = f"hello/{rank}"
            if store.check([said]) and (word := store.get(said)) != answered.get(rank):
                answered[rank] = word
                store.set(f"welcome/{word.decode()}", name)
        missing = {rank for rank in missing if not store.check([_here(name, rank)])}
        _paused(until, f"rank {', '.join(map(str, sorted(missing)))} of {count} did not come")
    return name


def _other(store: c10d.Store, rank: int, until: float) -> str:
    word = secrets.token_hex(8)
    store.set(f"hello/{rank}", word)
    while not store.check([f"welcome/{word}"]):
        _paused(until, "the first one did not answer")
    name: str = store.get(f"welcome/{word}").decode()
    store.set(_here(name, rank), "yes")
    return name


def _here(name: str, rank: int) -> str:
    return f"here/{name}/{rank}"


def _paused(until: float, why: str) -> None:
    signals.check()
    if time.monotonic() > until:
        raise RuntimeError(why)
    time.sleep(_POLLED)
