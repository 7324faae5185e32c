"""Derivatives of any differentiable function, by `torch.func`: slower than a closed form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, func, nn
from torch.func import functional_call, jacrev, vmap

from siren_pde.calculus.derivatives import Alpha, Key, Laplace
from siren_pde.fields.engine.plan import Plan

Values = Callable[[Tensor], Tensor]
PointChannels = Callable[[Tensor, Tensor], Tensor]

ROWS = 8 << 20
"""Bytes of rows of the Jacobian made at once: more leave the processor's caches, and a tanh network
of 1,185 parameters takes three times as long at 4096 points.
"""


def values_of(module: nn.Module, theta: Tensor, outputs: int) -> Values:
    """What a module gives at x (n, inputs) for parameters θ, as (n, outputs)."""
    named, start = {}, 0
    for name, parameter in module.named_parameters():
        named[name] = theta[start : start + parameter.numel()].view_as(parameter)
        start += parameter.numel()

    def values(x: Tensor) -> Tensor:
        given: Tensor = functional_call(module, named, (x,))
        return given.reshape(x.shape[0], outputs)

    return values


def channels(values: Values, x: Tensor, plan: Plan) -> Tensor:
    """The derivatives (S, n, outputs) of `values`, (n, d) → (n, outputs), point by point.

    By nested forward differentiation along the axes, which `torch.func` differentiates further.
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


@dataclass(frozen=True)
class Recorded:
    """Channels, (n, outputs) each, of which autograd has recorded how they came from θ (p,)."""

    theta: Tensor
    parts: tuple[Tensor, ...]

    @property
    def channels(self) -> Tensor:
        """All of them (S, n, outputs), without the record."""
        return torch.stack([part.detach() for part in self.parts])

    def vjp(self, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds (p,), once: one sweep back, and none through channels whose seeds are zero."""
        live = [
            (part, seed)
            for part, seed in zip(self.parts, seeds, strict=True)
            if part.requires_grad and bool(seed.any())
        ]
        if not live:
            return torch.zeros_like(self.theta)
        parts, wanted = zip(*live, strict=True)
        (gradient,) = torch.autograd.grad(parts, self.theta, wanted, allow_unused=True)
        return torch.zeros_like(self.theta) if gradient is None else gradient


def recorded(
    channels: Callable[[Tensor], Sequence[Tensor]], theta: Tensor, *, differentiable: bool
) -> Recorded:
    """The channels at θ, recorded if a gradient is wanted."""
    theta = theta.detach().requires_grad_(differentiable)
    with torch.enable_grad():
        return Recorded(theta, tuple(channels(theta)))


def nested(values: Values, x: Tensor, plan: Plan) -> list[Tensor]:
    """The derivatives of `values`, (n, d) → (n, outputs), each (n, outputs), by nested autograd.

    One sweep back for each output and each derivative that others are derivatives of: a third of
    the time of nested forward differentiation. Relies on each point being evaluated by itself.
    """
    x = x.detach().requires_grad_()
    outputs = values(x)
    slopes: dict[tuple[int, Alpha], Tensor] = {}

    def along(output: int, alpha: Alpha) -> Tensor:
        """The derivatives (n, d) of one derivative by all coordinates."""
        if (output, alpha) not in slopes:
            given = derivative(output, alpha)
            if given.requires_grad:
                slope = torch.autograd.grad(given.sum(), x, create_graph=True, allow_unused=True)[0]
            slopes[output, alpha] = slope if given.requires_grad and slope is not None else zero
        return slopes[output, alpha]

    def derivative(output: int, key: Key) -> Tensor:
        if isinstance(key, Laplace):
            return torch.stack([derivative(output, (i, i)) for i in key.axes]).sum(0)
        return along(output, key[:-1])[:, key[-1]] if key else outputs[:, output]

    zero, count = torch.zeros_like(x, requires_grad=False), range(outputs.shape[1])
    return [torch.stack([derivative(j, key) for j in count], 1) for key in plan.keys]


def jvp(channels: Values, theta: Tensor, direction: Tensor) -> Tensor:
    """J·direction of the channels as a function of θ, by one forward sweep."""
    return _tensor(func.jvp(channels, (theta,), (direction,))[1])


def jacobian_rows(channels: PointChannels, theta: Tensor, x: Tensor, seeds: Tensor) -> Tensor:
    """Per-point gradients (n, p) of Σ seeds·channels(θ, x), by `vmap(jacrev)` over few points."""

    def weighted(t: Tensor, point: Tensor, seed: Tensor) -> Tensor:
        return (channels(t, point[None])[:, 0] * seed).sum()

    few = max(ROWS // (theta.numel() * theta.element_size()), 1)
    rows = vmap(jacrev(weighted), in_dims=(None, 0, 1), chunk_size=few)
    return _tensor(rows(theta, x, seeds))


def _tensor(value: object) -> Tensor:
    """What `torch.func` returns without saying its type."""
    assert isinstance(value, Tensor)
    return value
