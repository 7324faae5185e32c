"""What `torchrun` has told a process about itself: cheap to ask, before torch is there."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import final

from siren_pde.errors import ConfigError

VARIABLE = "TORCHELASTIC_RUN_ID"
"""What torchrun sets, and nobody else."""
OTHERS = {
    "WORLD_SIZE": "WORLD_SIZE",
    "SLURM_STEP_NUM_TASKS": "srun",
    "OMPI_COMM_WORLD_SIZE": "mpirun",
    "PMI_SIZE": "mpiexec",
}
"""What others set to the number of processes that they have started, and their names. SLURM_NTASKS
is none of these: a batch script has it, which is one process.
"""
_PARENT_DIES = 1
"""`PR_SET_PDEATHSIG` of Linux."""


@final
@dataclass(frozen=True)
class Launched:
    """One of `count` processes of a job: its number `rank`, that on its machine `local`, and how
    often `torchrun --max-restarts` has begun the job again before.
    """

    rank: int = 0
    count: int = 1
    local: int = 0
    restarts: int = 0

    @staticmethod
    def here(environment: Mapping[str, str] = os.environ) -> Launched:
        """This process, by the variables that `torchrun` sets; one alone where it has set none."""
        if VARIABLE not in environment:
            return Launched()
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "TORCHELASTIC_RESTART_COUNT")
        try:
            return Launched(*(int(environment[name]) for name in names))
        except (KeyError, ValueError) as cause:
            raise ConfigError(
                f"this process was started by torchrun, but {', '.join(names)} do not say which "
                "one of how many it is. Start it by `torchrun --nproc-per-node N`."
            ) from cause

    @property
    def several(self) -> bool:
        """Whether there are others."""
        return self.count > 1


def by_torchrun(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether torchrun has started this process, which takes any exit code but 0 for a death."""
    return VARIABLE in environment


def by_others(environment: Mapping[str, str] = os.environ) -> str:
    """A sentence where another launcher than torchrun has started several processes, none of which
    knows of the others here; else empty.
    """
    if by_torchrun(environment):
        return ""
    for variable, name in OTHERS.items():
        count = environment.get(variable, "")
        if count.isdecimal() and int(count) > 1:
            who = "says that there are" if name == variable else "has started"
            return (
                f"{name} {who} {count} processes, and each of them solves by itself: give each run "
                "a folder of its own. Those of torchrun share a solve: start one "
                "`torchrun --nproc-per-node N …` per machine (docs/processes.md)"
            )
    return ""


def end_with_torchrun() -> None:
    """Have Linux end this process with the torchrun that has started it: no orphans."""
    if not by_torchrun():
        return
    with suppress(OSError, AttributeError):
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PARENT_DIES, signal.SIGTERM)
        if os.getppid() != parent:  # it has ended meanwhile
            os.kill(os.getpid(), signal.SIGTERM)


def require_alone(what: str, instead: str) -> None:
    """Raise ConfigError, saying what to write `instead`, where torchrun has started several
    processes, and `what` works in one.
    """
    launched = Launched.here()
    if launched.several:
        raise ConfigError(
            f"{what} works in one process, and torchrun has started {launched.count}. {instead}"
        )
