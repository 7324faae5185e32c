"""Networks of somebody who uses this package: tanh instead of sines."""

from typing import final

import torch
from torch import nn

from siren_pde.fields.base import Network


@final
class Tanh(Network):
    """u(x) = w · tanh(V x + b) + c, all derivatives by automatic differentiation."""

    def __init__(self, inputs, width, scale=1.0):
        super().__init__()
        self.inputs, self.outputs, self.width, self.scale = inputs, 1, width, scale
        self.hidden = nn.Linear(inputs, width, dtype=torch.float64)
        self.last = nn.Linear(width, 1, dtype=torch.float64)

    def forward(self, x):
        return self.last(torch.tanh(self.scale * self.hidden(x)))[:, 0]

    def describe(self):
        return {"inputs": self.inputs, "width": self.width, "scale": self.scale}


@final
class Wave(Network):
    """u(x) = c sin(k·x), its channels in closed form; it does not describe itself."""

    def __init__(self, *direction):
        super().__init__()
        self.inputs, self.outputs, self.output_size = len(direction), 1, 1
        self.direction = nn.Parameter(torch.tensor(direction, dtype=torch.float64))
        self.size = nn.Parameter(torch.ones(1, dtype=torch.float64))

    def forward(self, x):
        return self.size * torch.sin(x @ self.direction)

    def channels(self, theta, x, plan):
        k, size = theta[:-1], theta[-1]
        rows = []
        for key in plan.keys:
            orders = [key] if isinstance(key, tuple) else [(i, i) for i in key.axes]
            terms = [
                torch.prod(k[list(order)]) * torch.sin(x @ k + len(order) * torch.pi / 2)
                for order in orders
            ]
            rows.append(size * torch.stack(terms).sum(0))
        return torch.stack(rows)[:, :, None]
