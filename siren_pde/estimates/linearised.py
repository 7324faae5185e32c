"""The residuals of a problem around an answer: F(u + e) ≈ F(u) + F'(u) e for errors e in features.

The answer u and its error e are fields of one structure with different networks, so that all that
is said in terms of unknowns, an ansatz with its lift included, is linearised by the chain rule.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.evaluation import Rows, channels_of
from siren_pde.collocation.expression import Site
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
            bound = rows.residual
            channels = channels_of(at.channels(given, bound, points, purpose="output"))
            r, seeds = bound.seeds(answer.field, points, channels)
            waves = beside.channels(theta, bound, points, purpose="output")
            block = r.new_zeros((*r.shape, sum(net.output_size for net in networks.values())))
            columns = torch.split(block, [net.output_size for net in networks.values()], dim=2)
            for (name, network), own in zip(networks.items(), columns, strict=True):
                for j, seed in enumerate(seeds):
                    for site in (s for s in seed if s.network == name):
                        given_rows = (parts[name], waves[site], seed[site])
                        own[:, j] += network.output_jacobian_rows(*given_rows)
            residuals.append((scale[:, None] * r).flatten())
            matrices.append((scale[:, None, None] * block).flatten(0, 1))
    return torch.cat(residuals), torch.cat(matrices)


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


def values(bound: BoundResidual, field: Field, points: Points) -> dict[Site, Tensor]:
    """The channels that an expression requires, of a field at points."""
    networks, theta = field.networks(), split(field, parameters_of(field))
    x, channels = bound.positions(field, points), {}
    for site, plan in bound.plans.items():
        given = (theta[site.network], x[site.place], plan)
        channels[site] = networks[site.network].evaluate_output(*given).channels
    return channels


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
