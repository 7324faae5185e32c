"""The residuals of a problem around an answer: F(u + e) ≈ F(u) + F'(u) e for errors e in features.

The answer u and its error e are fields of one structure with different networks, so that all that
is said in terms of unknowns, an ansatz with its lift included, is linearised by the chain rule.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.collocated import Rows
from siren_pde.collocation.evaluation import channels_of
from siren_pde.collocation.objective import Objective, evaluating
from siren_pde.collocation.residual import BoundResidual
from siren_pde.fields.base import Field
from siren_pde.fields.parameters import parameters_of, split

BLOCK = 4096
"""Points at which rows are computed at once."""


def error_rows(answer: Objective, features: Field, rows: Rows) -> tuple[Tensor, Tensor]:
    """F(u) (n·m,) of a condition, scaled, and its derivative (n·m, q) by the features' output
    layers.
    """
    networks = features.networks()
    residuals, matrices = [], []
    given, theta = answer.parameters, parameters_of(features)
    with evaluating(answer) as at, evaluating(replace(answer, field=features)) as beside:
        parts = beside.split(theta)
        for points, scale in rows.blocks(BLOCK):
            plans = rows.residual.plans
            channels = channels_of(at.channels(given, plans, points, purpose="output"))
            r, seeds = rows.residual.seeds(answer.field, points, channels)
            waves = beside.channels(theta, plans, points, purpose="output")
            block = torch.cat(
                [
                    _columns(
                        [
                            network.output_jacobian_rows(parts[name], waves[name], seed[name])
                            if name in seed
                            else None
                            for seed in seeds
                        ],
                        r.new_zeros((len(points), network.output_size)),
                    )
                    for name, network in networks.items()
                ],
                dim=2,
            )
            residuals.append((scale[:, None] * r).flatten())
            matrices.append((scale[:, None, None] * block).flatten(0, 1))
    return torch.cat(residuals), torch.cat(matrices)


def _columns(each: list[Tensor | None], zero: Tensor) -> Tensor:
    """The columns (n, m, q) of one network, zero in components that do not involve it."""
    return torch.stack([zero if part is None else part for part in each], dim=1)


def corrected_residual(answer: Objective, error: Field, rows: Rows) -> Tensor:
    """F(u + e) (n·m,) of a condition, scaled."""
    residuals = []
    for points, scale in rows.blocks(BLOCK):
        total = {
            name: u + e
            for (name, u), e in zip(
                values(rows.residual, answer.field, points).items(),
                values(rows.residual, error, points).values(),
                strict=True,
            )
        }
        with torch.no_grad():
            r = rows.residual.residual(answer.field, points, total)
        residuals.append((scale[:, None] * r).flatten())
    return torch.cat(residuals)


def values(bound: BoundResidual, field: Field, points: Points) -> dict[str, Tensor]:
    """The channels that an expression requires, of a field at points."""
    networks, theta = field.networks(), split(field, parameters_of(field))
    return {
        name: networks[name].evaluate_output(theta[name], points.positions, plan).channels
        for name, plan in bound.plans.items()
    }


def linearised(
    bound: BoundResidual, field: Field, error: Field, points: Points
) -> tuple[Tensor, Tensor]:
    """An expression (n, m) of u at n points, and by how much e moves it (n, m), to first order."""
    here, moves = [], []
    for start in range(0, len(points), BLOCK):
        part = points.select(slice(start, start + BLOCK))
        u, seeds = bound.seeds(field, part, values(bound, field, part))
        e = values(bound, error, part)
        columns = [
            torch.stack([(seed[n] * e[n]).sum((0, 2)) for n in seed]).sum(0) for seed in seeds
        ]
        here.append(u)
        moves.append(torch.stack(columns, dim=1))
    return torch.cat(here), torch.cat(moves)
