"""What a job that torchrun begins again goes on with: runs that it has begun itself."""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path

from torch.distributed import distributed_c10d as c10d
from torch.distributed.rendezvous import rendezvous

from siren_pde.processes.launched import Launched, by_torchrun

PROCESS = secrets.token_hex(8)
"""A name of this process: how often torchrun has begun again is another number on each machine."""
_SECONDS = 30.0
"""Within which torchrun's store, which is there, answers."""


def goes_on(place: Path) -> bool:
    """Whether an earlier attempt of this job has begun the run that a folder now gets, so that what
    is there is not that of an earlier job, nor of a later solve of the same script.

    The process that writes the run asks once for each.
    """
    store = _store()
    if store is None:
        return Launched.here().restarts > 0  # nobody has kept what was begun
    number = store.add(_asked(place), 1)
    last = _last(place)
    return bool(store.check([last])) and int(store.get(last)) == number


def begun(place: Path) -> None:
    """Keep for later attempts that this folder has nothing of earlier jobs any more."""
    store = _store()
    if store is not None:
        store.set(_last(place), str(store.add(_asked(place), 0)))


def _store() -> c10d.Store | None:
    """What all attempts of a job share, if there is such a thing: torchrun keeps it."""
    if not by_torchrun() or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return None
    met = rendezvous("env://", timeout=timedelta(seconds=_SECONDS))
    store: c10d.Store = next(iter(met))[0]
    return store


def _last(place: Path) -> str:
    return f"begun/{place.resolve()}"


def _asked(place: Path) -> str:
    return f"asked/{PROCESS}/{place.resolve()}"
