"""The data residual of a surface while it is being fitted: how far it is from its points."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor

from siren_pde.calculus.functions import sqrt
from siren_pde.calculus.jets import Jet
from siren_pde.calculus.operators import grad, norm
from siren_pde.calculus.points import Points
from siren_pde.collocation.objective import Objective, objective_of
from siren_pde.domains.cloud import PointCloud
from siren_pde.optimisers.base import Iterate
from siren_pde.problem import Problem, on
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.solving.report import Callback, Scheduled

SAMPLE = 2000
"""Points at which the data residual is evaluated."""


def with_data_residual(callback: Callback, cloud: OrientedCloud, scale: float) -> Callback:
    """The callback, its reports with the mean distance from points of the cloud to {φ = 0}.

    That is |φ|/|∇φ| to first order; `scale` makes its unit the user's. When a report is read, it
    costs an evaluation at about `SAMPLE` points, which are always the same.
    """
    sample = PointCloud(cloud.positions[:: max(len(cloud.positions) // SAMPLE, 1)])

    @on(sample, points=len(sample))
    def data_residual(p: Points, u: Jet) -> Jet:
        return sqrt(abs(u) / norm(grad(u)))  # its mean square is the mean distance

    problem = Problem(data_residual)

    def measure(at: Iterate[Any]) -> dict[str, Tensor]:
        assert isinstance(at.objective, Objective)  # `solve` hands no other to its callbacks
        (mean,) = objective_of(problem, at.objective.field).terms(at.theta).values()
        return {"points to surface": scale * mean}

    return Scheduled.of(callback).wrapped(lambda report: replace(report, measure=measure))
