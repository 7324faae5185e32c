"""How far a surface is from its points while it is being fitted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from siren_pde.calculus.functions import sqrt
from siren_pde.calculus.operators import grad, norm
from siren_pde.collocation.objective import Objective, objective_of
from siren_pde.domains.cloud import PointCloud
from siren_pde.optimisers.base import Iterate
from siren_pde.problem import Problem, on
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.solving.solve import Callback

SAMPLE = 2000
"""Points that are asked."""


def telling_nearness(callback: Callback, cloud: OrientedCloud, scale: float) -> Callback:
    """The callback, its reports with the mean distance from points of the cloud to {φ = 0}.

    That is |φ|/|∇φ| to first order; `scale` makes its unit the user's. It costs an evaluation at
    about `SAMPLE` points, which are always the same, when it is asked for.
    """
    some = PointCloud(cloud.positions[:: max(len(cloud.positions) // SAMPLE, 1)])

    @on(some, points=len(some))
    def nearness(p: Any, u: Any) -> Any:
        return sqrt(abs(u) / norm(grad(u)))  # its mean square is the mean distance

    def measure(at: Iterate[Any]) -> dict[str, torch.Tensor]:
        assert isinstance(at.objective, Objective)  # `solve` hands no other to its callbacks
        (mean,) = objective_of(Problem(nearness), at.objective.field).terms(at.theta).values()
        return {"points to surface": scale * mean}

    return lambda report: callback(replace(report, measure=measure))
