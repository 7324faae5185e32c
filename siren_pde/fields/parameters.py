"""The parameters of a field as one vector θ: one network after the other, in their order."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor

from siren_pde.fields.base import Field

F = TypeVar("F", bound=Field)


def parameters_of(field: Field) -> Tensor:
    """θ (p,), a copy of the field's own parameters."""
    networks = field.networks().values()
    return torch.cat([q.detach().flatten() for n in networks for q in n.parameters()])


def split(field: Field, theta: Tensor) -> dict[str, Tensor]:
    """The part of θ (p,) that belongs to each network: views of it."""
    networks = field.networks()
    sizes = [sum(q.numel() for q in network.parameters()) for network in networks.values()]
    return dict(zip(networks, torch.split(theta, sizes), strict=True))


def fill(field: F, theta: Tensor) -> F:
    """The field itself with θ (p,) written into it: for fields that nobody else holds yet."""
    start = 0
    for network in field.networks().values():
        for q in network.parameters():
            q.data.copy_(theta[start : start + q.numel()].view_as(q))
            start += q.numel()
    return field


def with_parameters(field: F, theta: Tensor) -> F:
    """A copy of the field that has the parameters θ (p,)."""
    return fill(copy.deepcopy(field), theta)
