"""One long step ahead: what boxes leave of it, and what a crossing on them will take."""

from __future__ import annotations

import math
import time as clock
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.local_features.lines_operator import Operator
from siren_pde.local_features.lines_space import Space
from siren_pde.local_features.stage import Stage

AHEAD, SHORTER, SHORTENED = 8, 4, 6
"""The step is one of so many, or shorter by the second number where Newton's method does not
converge, so many times at most.
"""
CLOSE = 1e-3
"""How small its moves have to become, beside the solution."""
MATRICES, STAGES = 7, 100
"""A first crossing has about so many matrices and stages."""
TINY = 1e-300


@dataclass(frozen=True, eq=False)
class Ahead:
    """θ after the step, the squares (K,) that it leaves in each box at fresh points, the size of
    all of them relative to its data, the sizes (networks,) of unknowns, and the seconds that a
    `crossing` will take.
    """

    theta: Tensor
    squares: Tensor
    residual: float
    scale: Tensor
    crossing: float

    @staticmethod
    def of(space: Space, *, steady: bool) -> Ahead:
        """From the initial values."""
        time, known = space.time, space.initial()
        size, length = space.sizes(known[0]), (time.high - time.low) / AHEAD
        for _ in range(SHORTENED):
            end, rate, began = time.low + length, 1 / length, clock.monotonic()
            operator = Operator(space, rate, end, known[0], known)
            operator.factor  # noqa: B018 — made now, to see how long that takes
            made, theta = clock.monotonic(), known[0]
            if steady:
                theta = operator.exact(end, known)
                break
            solved = operator.newton(end, known[0], known, scale=size, close=CLOSE)
            if solved is not None:
                theta = solved.theta
                break
            length /= SHORTER
        takes = MATRICES * (made - began) + STAGES * (clock.monotonic() - made)
        stage = Stage.implicit(time.axis, rate, [space.columns.split(part) for part in known])
        squares, data = space.judging.squares(stage, end, operator.slopes(theta, known))
        residual = math.sqrt(float(squares.sum()) / max(data, TINY))
        scale = torch.maximum(size, space.sizes(theta))
        return Ahead(theta, squares, residual, scale, takes)
