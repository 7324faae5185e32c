"""Jumps of coefficients inside `div` that an answer does not see: points know no fluxes."""

from __future__ import annotations

from dataclasses import replace

import torch

from siren_pde.collocation.objective import Objective
from siren_pde.estimates.boxes import on_boxes
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.siren import Siren
from siren_pde.local_features.fluxes import flux_along
from siren_pde.local_features.jumps import AGREEING, jumps_on_lines

ON_FACE = 1e-9
"""Jumps that are nearer to a face than this share of a side are on it."""


def unseen_jump(answer: Objective) -> str:
    """The name of a condition that takes the divergence of a flux whose coefficient jumps where
    sines go on; empty if there is none.

    At points on both sides the condition holds for smooth fields as well, which are other fields:
    what is continuous is the flux, and that is asked for on faces of boxes only.
    """
    networks = [net for net in answer.field.networks().values() if net.inputs]
    if not all(isinstance(net, LocalSines | Siren) for net in networks):
        return ""
    net = on_boxes(answer)
    like = answer.parameters
    bounds = answer.collocated.problem.bounds
    low, high = (torch.tensor(b, dtype=like.dtype, device=like.device) for b in bounds)
    for rows in answer.collocated.rows:
        if rows.condition.domain.dimension != len(low) or rows.points.data or rows.residual.places:
            continue
        for axis in range(len(low)):
            bound = flux_along(rows, axis)
            if bound is None:
                continue
            at = jumps_on_lines(replace(rows, residual=bound), axis, low, high)
            if net is not None and len(at):
                faces = torch.cat([net.low[:, axis], net.high[:, axis]])
                near = torch.cdist(at[:, None], faces[:, None]).amin(1)
                at = at[near > ON_FACE * (high - low)[axis]]
            if len(at) >= min(AGREEING, 2 * len(low) - 1):
                return rows.condition.name
    return ""
