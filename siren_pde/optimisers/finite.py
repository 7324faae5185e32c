"""What methods do where values are not finite: steps are taken back, and rates are cut."""

from __future__ import annotations

import torch
from torch import Tensor

CUT, CUTS = 0.25, 3
"""By what the rate falls where a step led to values that are not finite, and how often it may: a
rate 64 times too large is the schedule's mistake, not bad luck.
"""
NOT_FINITE = "the loss or its gradient is not finite"


def is_finite(*values: Tensor) -> bool:
    """Whether all numbers are finite: one answer, for which the host waits once."""
    return bool(torch.stack([torch.isfinite(each).all() for each in values]).all())
