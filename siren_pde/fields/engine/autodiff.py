"""Derivatives of any differentiable function, by `torch.func`: slower than a closed form."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, func
from torch.func import jacrev, vmap

from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.fields.engine.plan import Plan

Values = Callable[[Tensor], Tensor]
PointChannels = Callable[[Tensor, Tensor], Tensor]


def channels(values: Values, x: Tensor, plan: Plan) -> Tensor:
    """The derivatives (S, n, outputs) of `values`, (n, d) → (n, outputs), point by point.

    By nested forward differentiation along the axes.
    """

    def along(f: Values, axis: int) -> Values:
        step = torch.zeros_like(x)
        step[:, axis] = 1.0
        return lambda y: _tensor(func.jvp(f, (y,), (step,))[1])

    def derivative(key: Key) -> Tensor:
        if isinstance(key, Laplace):
            return torch.stack([derivative((i, i)) for i in key.axes]).sum(0)
        f = values
        for axis in key:
            f = along(f, axis)
        return f(x)

    return torch.stack([derivative(key) for key in plan.keys])


def jvp(channels: Values, theta: Tensor, direction: Tensor) -> Tensor:
    """J·direction of the channels as a function of θ, by one forward sweep."""
    return _tensor(func.jvp(channels, (theta,), (direction,))[1])


def vjp(channels: Values, theta: Tensor, seeds: Tensor) -> Tensor:
    """Jᵀ·seeds, by one reverse sweep through the nested derivatives."""
    adjoint = func.vjp(channels, theta)[1]
    return _tensor(adjoint(seeds)[0])


def jacobian_rows(channels: PointChannels, theta: Tensor, x: Tensor, seeds: Tensor) -> Tensor:
    """Per-point gradients (n, p) of Σ seeds·channels(θ, x), by `vmap(jacrev)`."""

    def weighted(t: Tensor, point: Tensor, seed: Tensor) -> Tensor:
        return (channels(t, point[None])[:, 0] * seed).sum()

    return _tensor(vmap(jacrev(weighted), in_dims=(None, 0, 1))(theta, x, seeds))


def _tensor(value: object) -> Tensor:
    """What `torch.func` returns without saying its type."""
    assert isinstance(value, Tensor)
    return value
