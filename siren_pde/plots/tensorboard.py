"""A solve in TensorBoard: a callback that writes its numbers as scalars."""

from __future__ import annotations

import math
import os
from importlib import import_module
from typing import Any, final

from siren_pde.errors import ConfigError
from siren_pde.solving.report import Report


@final
class TensorBoard:
    """Write loss, each condition, and what the method sets itself, as scalars by steps.

    `solve(problem, callbacks=[Every(steps=100)(TensorBoard("runs/mine/tensorboard"))])`; then
    `tensorboard --logdir runs`. It is called as often as `Every` says, twice a second if nothing is
    said, and evaluates the conditions each time. What is not finite is left out.

    Raises ConfigError where TensorBoard is not installed.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        try:
            writer = import_module("torch.utils.tensorboard").SummaryWriter
        except ImportError as cause:
            raise ConfigError(
                "`TensorBoard` needs the package `tensorboard`, which is not installed "
                f"({cause}). Install it: `pip install siren-pde[tensorboard]`."
            ) from cause
        self._writer: Any = writer(os.fspath(folder))

    def __call__(self, report: Report) -> None:
        """Write the numbers of a report."""
        terms = {f"conditions/{name}": value for name, value in report.terms().items()}
        gauges = report.method.gauges(report.iterate)
        own = {f"method/{name}": value for name, value in gauges.items()}
        numbers = {"loss": report.loss, "seconds": report.seconds, **terms, **own}
        for name, value in numbers.items():
            if isinstance(value, int | float) and math.isfinite(value):
                self._writer.add_scalar(name, value, report.step)
        self._writer.flush()

    def close(self) -> None:
        """Close the files; what was written is there without it."""
        self._writer.close()
