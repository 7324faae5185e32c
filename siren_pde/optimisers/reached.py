"""How far an answer is solved that is found part after part, as a march through time finds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

ROUNDED = 8
"""Coordinates so many rounding units beyond the end of what is solved are still at it."""


@final
@dataclass(frozen=True)
class Reached:
    """What is solved: from `start` up to `value` along the coordinate `axis`, and nothing beyond.

    `going` says that the method goes on from there; it does not while it still looks for how to
    take the first part, or has handed over to another one.
    """

    axis: str
    start: float
    value: float
    going: bool = True

    @property
    def anything(self) -> bool:
        """Whether any part is solved."""
        return self.value > self.start

    def beyond(self, x: Tensor) -> Tensor:
        """Which of the coordinates x (n,) along the axis are not solved: all, if nothing is."""
        if not self.anything:
            return torch.ones_like(x, dtype=torch.bool)
        eps = torch.finfo(x.dtype).eps if x.dtype.is_floating_point else 0.0
        return x > self.value + ROUNDED * eps * max(abs(self.value), abs(self.start))

    def __str__(self) -> str:
        return f"{self.axis} = {self.value:.4g}"
