"""Any differentiable module as a field, through `torch.func`: slower than a closed form, and its
oracle.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, func, nn
from torch.func import functional_call, jacrev, vmap

from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Evaluation, Network, written
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace


@final
class Generic(Network):
    """A user's `nn.Module` as a field; its derivatives come from nested forward differentiation.

    `module` maps x (n, inputs) to (n,), (n, 1) or (n, outputs), each point by itself. `solve` wraps
    modules that are no fields by itself.
    """

    def __init__(self, module: nn.Module, inputs: int, outputs: int = 1) -> None:
        super().__init__()
        self.module, self.inputs, self.outputs = module, inputs, outputs
        self.output_size, self.has_given_layers = 0, True
        parameter = next(module.parameters(), None)
        if parameter is None:
            raise ConfigError(
                f"`{type(module).__name__}` has no parameters, so nothing can be fitted."
            )

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Generic:
        """A copy: a module's own scales are its author's."""
        return copy.deepcopy(self)

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Generic:
        """Impossible: an arbitrary module has no output layer to solve for."""
        raise ConfigError(
            f"`LeastSquares` freezes the frequencies of a sine network, and "
            f"`{type(self.module).__name__}` "
            "is none. Solve with a `Siren`, or with `GaussNewton()`."
        )

    def forward(self, x: Tensor) -> Tensor:
        """The module's own values."""
        return self.module(x)

    def _call(self, theta: Tensor, x: Tensor) -> Tensor:
        named, start = {}, 0
        for name, parameter in self.module.named_parameters():
            named[name] = theta[start : start + parameter.numel()].view_as(parameter)
            start += parameter.numel()
        return functional_call(self.module, named, (x,)).reshape(x.shape[0], self.outputs)

    def _channels(self, theta: Tensor, x: Tensor, plan: Plan) -> Tensor:
        def along(f: Callable[[Tensor], Tensor], axis: int) -> Callable[[Tensor], Tensor]:
            step = torch.zeros_like(x)
            step[:, axis] = 1.0
            return lambda y: func.jvp(f, (y,), (step,))[1]

        def derivative(key: Key) -> Tensor:
            if isinstance(key, Laplace):
                return torch.stack([derivative((i, i)) for i in key.axes]).sum(0)
            f = lambda y: self._call(theta, y)  # noqa: E731
            for axis in key:
                f = along(f, axis)
            return f(x)

        return torch.stack([derivative(key) for key in plan.keys])

    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The channels at x, by nested `jvp`."""
        return Evaluation(self._channels(theta, x, plan).detach(), plan, x)

    def vjp(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds, by one reverse sweep through the nested derivatives."""
        adjoint = func.vjp(lambda t: self._channels(t, at.tape, at.plan), theta)[1]
        return adjoint(seeds)[0]

    def jacobian_rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Per-point gradients, by `vmap(jacrev)`."""

        def weighted(t: Tensor, x: Tensor, seed: Tensor) -> Tensor:
            return (self._channels(t, x[None], at.plan)[:, 0] * seed).sum()

        return written(vmap(jacrev(weighted), in_dims=(None, 0, 1))(theta, at.tape, seeds), out)

    def output_jacobian_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """No columns: an arbitrary module has no output layer known to be affine."""
        return theta.new_empty((seeds.shape[1], 0))

    def jvp(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """J·direction, by one forward sweep."""
        return func.jvp(lambda t: self._channels(t, at.tape, at.plan), (theta,), (direction,))[1]
