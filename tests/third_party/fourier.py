"""A network on Fourier features, by its values alone: all else is automatic differentiation."""

from typing import final

import torch
from torch import nn

from siren_pde.extend import Network


@final
class Fourier(Network):
    """u(x) = MLP(cos Bx, sin Bx) with fixed normal frequencies B.

    Source: Tancik et al., Fourier features let networks learn high frequency functions, NeurIPS
    2020.
    """

    def __init__(self, inputs, features, width, frequency=2.0, seed=0):
        super().__init__()
        self.inputs, self.outputs = inputs, 1
        self.arguments = {
            "inputs": inputs,
            "features": features,
            "width": width,
            "frequency": frequency,
            "seed": seed,
        }
        draw = torch.Generator().manual_seed(seed)
        band = torch.randn(features, inputs, generator=draw, dtype=torch.float64)
        self.register_buffer("band", frequency * band)
        self.hidden = nn.Linear(2 * features, width, dtype=torch.float64)
        self.last = nn.Linear(width, 1, dtype=torch.float64)
        for layer in (self.hidden, self.last):
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5, generator=draw)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        phase = x @ self.band.T
        return self.last(torch.tanh(self.hidden(torch.cat([phase.cos(), phase.sin()], 1))))[:, 0]

    def describe(self):
        return self.arguments
