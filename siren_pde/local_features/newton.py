"""Newton's method on local features: one sparse least-squares problem if residuals are affine."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.local_features.assembly import Assembly
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.numerics.multifrontal import least_squares

SHORTEST = 1 / 64
"""No step is cut to less than this part of Newton's."""
SETTLED = 0.9
"""Steps that leave more than this of the residual lead nowhere."""


@dataclass(frozen=True)
class Newton:
    """θ where Newton's method has come to, and the steps taken."""

    theta: Tensor
    steps: int


def minimised(
    assembly: Assembly,
    tree: BoxTree,
    theta: Tensor,
    *,
    affine: bool,
    most: int = 25,
    deadline: float = math.inf,
) -> Newton:
    """Minimise the residuals and the mismatch on faces, from θ; steps are halved until they
    decrease the residual. There is one at least, and none begins after the `deadline`, by the clock
    of the first process.
    """
    children, uses = tree.children.tolist(), assembly.uses()
    taken, shares = 0, assembly.shares
    while taken < most and (not taken or assembly.processes.before(deadline)):
        taken += 1
        assembly = assembly.scaled(theta)
        own, shared = least_squares(assembly.linear_model(theta), children, uses, shares)
        target = assembly.columns.moved(theta, own, shared)
        if affine:
            return Newton(target, 1)
        size = float(assembly.squares(theta).sum().sqrt())
        theta, reached = _cut(assembly, theta, target, size)
        if not reached < SETTLED * size:
            break
    return Newton(theta, taken)


def _cut(assembly: Assembly, theta: Tensor, target: Tensor, size: float) -> tuple[Tensor, float]:
    """The longest step towards the target that decreases the residual, and the residual there."""
    share = 1.0
    while share >= SHORTEST:
        tried = torch.lerp(theta, target, share) if share < 1 else target
        reached = float(assembly.squares(tried).sum().sqrt())
        if reached < (1 - share / 10) * size:
            return tried, reached
        share /= 2
    return theta, size
