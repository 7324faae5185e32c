"""Powers of z = x + i y at points of a plane: what is singular where pieces of a medium meet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Key, Laplace

CLOSEST = 1e-14
"""Points are not nearer to a singular one than this share of a box."""


@dataclass(frozen=True, eq=False)
class Powers:
    """Re zᵅ and Im zᵅ for the `exponents` (P, J) of each of the singular `points` (P, 2)."""

    points: Tensor
    exponents: Tensor

    @property
    def count(self) -> int:
        """How many functions a box has, of its nearest point."""
        return 2 * self.exponents.shape[1]

    @staticmethod
    def none(like: Tensor) -> Powers:
        """No points, and no functions."""
        return Powers(like.new_zeros((0, 2)), like.new_zeros((0, 0)))

    def derivatives(self, x: Tensor, centre: Tensor, keys: Sequence[Key]) -> list[Tensor]:
        """Their derivatives `keys` (n, count) at points x (n, 2), each in a box about a `centre`
        (n, 2); z is turned and scaled to be 1 there, and its branch is cut behind.
        """
        nearest = torch.cdist(centre, self.points).argmin(1)
        at, alpha = self.points[nearest], self.exponents[nearest]
        (x_0, y_0), (x_1, y_1) = (y.T for y in (centre - at, x - at))
        size = x_0.square() + y_0.square()
        along, across = (x_1 * x_0 + y_1 * y_0) / size, (y_1 * x_0 - x_1 * y_0) / size
        distance = torch.hypot(along, across).clamp_min(CLOSEST)[:, None]
        angle, turn = torch.atan2(across, along)[:, None], torch.atan2(y_0, x_0)[:, None]
        out = []
        for key in keys:
            # ∂ⁿzᵅ by z, times i for each derivative along y
            n = 2 if isinstance(key, Laplace) else len(key)
            quarters = 0 if isinstance(key, Laplace) else sum(key)
            factor = sum(1.0 - 2.0 * i for i in key.axes) if isinstance(key, Laplace) else 1.0
            falling = torch.full_like(alpha, factor)
            for j in range(n):
                falling = falling * (alpha - j)
            radius = falling * distance ** (alpha - n) * size[:, None] ** (-n / 2)
            phase = (alpha - n) * angle - n * turn + quarters * math.pi / 2
            out.append(torch.cat([radius * phase.cos(), radius * phase.sin()], dim=1))
        return out
