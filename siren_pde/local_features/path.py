"""The first solution of a nonlinear problem on boxes, by way of the linearised one."""

from __future__ import annotations

import math
from dataclasses import replace

from torch import Tensor

from siren_pde.local_features.assembly import Assembly
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.numerics.multifrontal import least_squares
from siren_pde.random_features.homotopy import Move, Place, followed

RISING = 1.5
"""What boxes cannot hold of the problem is so much more at the next place of the path, at most."""


def led(assembly: Assembly, tree: BoxTree, theta: Tensor, *, deadline: float = math.inf) -> Place:
    """The farthest place on the path from the problem linearised at the zero field (`homotopy`).

    What a linear model leaves is not known for boxes: instead of it stands what the last place on
    the path left, of which the next may leave a little more.
    """
    children, uses, shares = tree.children.tolist(), assembly.uses(), assembly.shares
    scaled = partly(assembly, 0.0).scaled(theta)
    left: dict[float, float] = {}

    def newton(at: Tensor, s: float) -> Move:
        system = partly(scaled, s)
        own, shared = least_squares(system.linear_model(at), children, uses, shares)
        moved = system.columns.moved(at, own, shared)
        reached = float(system.squares(moved).sum().sqrt())
        before = [s_before for s_before in left if s_before < s]
        predicted = RISING * left[max(before)] if before else reached
        left[s] = reached
        return Move(moved, predicted, reached)

    return followed(newton, theta, deadline=deadline, processes=assembly.processes)


def partly(assembly: Assembly, s: float) -> Assembly:
    """The same assembly with R_s in place of the residuals."""
    equations = [
        replace(e, rows=replace(e.rows, residual=replace(e.rows.residual, share=s)))
        for e in assembly.equations
    ]
    return replace(assembly, equations=equations)
