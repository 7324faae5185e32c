"""What `torchrun` has told a process about itself: cheap to ask, before torch is there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from siren_pde.errors import ConfigError

VARIABLE = "TORCHELASTIC_RUN_ID"
"""What torchrun sets, and nobody else."""


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


def require_alone(what: str, instead: str) -> None:
    """Raise ConfigError, saying what to write `instead`, where torchrun has started several
    processes, and `what` works in one.
    """
    launched = Launched.here()
    if launched.several:
        raise ConfigError(
            f"{what} works in one process, and torchrun has started {launched.count}. {instead}"
        )
