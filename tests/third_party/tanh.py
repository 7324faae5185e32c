"""A network of tanh neurons, its first and second derivatives in closed form."""

from typing import final

import torch
from torch import nn

from siren_pde.extend import Laplace, Network


@final
class Tanh(Network):
    """u(x) = w·tanh(V x + b) + c."""

    def __init__(self, inputs, width, seed=0):
        super().__init__()
        self.inputs, self.outputs, self.width, self.seed = inputs, 1, width, seed
        self.output_size, self.breadth = width + 1, width  # w and c come last, and enter affinely
        draw = torch.Generator().manual_seed(seed)
        v, b, w = (
            torch.randn(*shape, generator=draw, dtype=torch.float64) * size
            for shape, size in (((width, inputs), 1.5), ((width,), 1.0), ((width,), width**-0.5))
        )
        self.slopes, self.shifts, self.heights = map(nn.Parameter, (v, b, w))
        self.mean = nn.Parameter(torch.zeros(1, dtype=torch.float64))

    def forward(self, x):
        return torch.tanh(x @ self.slopes.T + self.shifts) @ self.heights + self.mean

    def channels(self, theta, x, plan):
        if plan.order > 2:
            return Network.channels(self, theta, x, plan)  # by automatic differentiation
        sizes = [self.width * self.inputs, self.width, self.width, 1]
        v, b, w, c = theta.split(sizes)
        v = v.view(self.width, self.inputs)
        t = torch.tanh(x @ v.T + b)
        first = 1 - t**2
        second = -2 * t * first

        def derivative(key):
            if isinstance(key, Laplace):
                return (second * (v[:, list(key.axes)] ** 2).sum(1)) @ w
            if not key:
                return t @ w + c
            return ((first, second)[len(key) - 1] * v[:, list(key)].prod(1)) @ w

        return torch.stack([derivative(key) for key in plan.keys])[:, :, None]

    def describe(self):
        return {"inputs": self.inputs, "width": self.width, "seed": self.seed}
