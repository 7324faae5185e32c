"""Where a command computes: seed, device, precision and threads."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from siren_pde.errors import ConfigError
from siren_pde.files.json_values import Description, text, whole


@dataclass(frozen=True)
class Machine:
    """The choices all commands share; `dtype` and `threads` are left to the defaults if None."""

    seed: int = 0
    device: str = "cpu"
    dtype: str | None = None
    threads: int | None = None

    def prepare(self) -> None:
        """Set the number of threads and check the device. Raises ConfigError if there is none."""
        if self.threads is not None:
            torch.set_num_threads(self.threads)
        try:
            torch.empty((1,), dtype=torch.float32, device=self.device)
        except (RuntimeError, AssertionError, NotImplementedError) as cause:
            reason = str(cause).splitlines()[0].rstrip(".")
            known = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
            raise ConfigError(
                f"`--device {self.device}` cannot be used here ({reason}). Available: "
                f"{', '.join(known)}."
            ) from cause

    @staticmethod
    def read(said: Description) -> Machine:
        """From a manifest. Raises StorageError if it makes no sense."""
        dtype = None if said.get("dtype") is None else text(said, "dtype")
        return Machine(whole(said, "seed"), text(said, "device"), dtype, whole(said, "threads"))

    @property
    def precision(self) -> torch.dtype | None:
        """The dtype, None if it is left to the method."""
        return {"float32": torch.float32, "float64": torch.float64}.get(self.dtype or "")
