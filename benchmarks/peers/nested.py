"""The SIREN recipe in plain PyTorch (Sitzmann et al., NeurIPS 2020): autograd nested in autograd.

Layers, their initialisation and Adam as published, fresh uniform points in every step. Frequency
and rate are those of the best that were tried; conditions are exact, and the rate falls to nothing
by a cosine.
"""

import itertools
import math

import numpy as np
from protocol import Run

WIDTH, DEPTH = 128, 3
BATCH = 1000
FREQUENCY, RATE = 5.0, 3e-3
"""The published 30 and 1e-4 leave an error of 0.44 for Helmholtz' equation after 15 s on one
thread; 10 and 1e-3 leave 0.42, 5 and 1e-3 0.12, 5 and 3e-3 0.077 after 12 s.
"""


def network(torch):
    """`DEPTH` sine layers and a linear one, (n, 2) → (n, 1)."""
    sizes = [*itertools.pairwise([2, *[WIDTH] * DEPTH, 1])]
    layers = torch.nn.ModuleList(torch.nn.Linear(a, b) for a, b in sizes)
    for i, layer in enumerate(layers):
        inputs = layer.in_features
        bound = math.sqrt(6 / inputs) / FREQUENCY if i else 1 / inputs
        torch.nn.init.uniform_(layer.weight, -bound, bound)
    return layers


def trained(run, torch):
    """The solution as a function of points, and the number of parameters."""
    problem = run.problem
    torch.manual_seed(run.seed)
    layers = network(torch)
    low, high = (torch.tensor(side, dtype=torch.float32) for side in np.array(problem.box).T)
    size = max(np.mean(problem.source(np, *problem.points().T) ** 2), 1)
    adam = torch.optim.Adam(layers.parameters(), lr=RATE)

    def solution(columns):
        x = (2 * torch.cat(columns, 1) - low - high) / (high - low)
        for layer in layers[:-1]:
            x = torch.sin(FREQUENCY * layer(x))
        return problem.lift(torch, *columns) + problem.factor(torch, *columns) * layers[-1](x)

    def loss():
        x = low + (high - low) * torch.rand(BATCH, 2)
        columns = [x[:, :1].requires_grad_(), x[:, 1:].requires_grad_()]
        u = solution(columns)

        def d(*axes):
            value = u
            for axis in axes:
                (value,) = torch.autograd.grad(value.sum(), columns[axis], create_graph=True)
            return value

        return problem.residual(torch, columns, u, d).square().mean() / size

    def values(points):
        with torch.no_grad():
            return solution(torch.tensor(points, dtype=torch.float32).split(1, 1)).numpy()

    while not run.over:
        for group in adam.param_groups:
            group["lr"] = RATE * (1 + math.cos(math.pi * run.seconds / run.budget)) / 2
        adam.zero_grad()
        loss().backward()
        adam.step()
        run.look(values)
    return values, sum(each.numel() for each in layers.parameters())


if __name__ == "__main__":
    asked = Run.asked()
    with asked.uncounted("imported"):
        import torch
        import torch._dynamo  # which Adam loads in its first step
    torch.set_num_threads(asked.threads)
    found, parameters = trained(asked, torch)
    asked.ended(
        found,
        parameters=parameters,
        recipe=f"SIREN {DEPTH} × {WIDTH}, ω₀ = {FREQUENCY:g}, nested autograd, float32, exact "
        f"conditions, Adam from {RATE:g}, {BATCH} fresh points a step",
        packages=["torch"],
    )
