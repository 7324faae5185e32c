"""Modules whose functions are known are differentiated in one pass, all others as ever: alike."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from siren_pde import Box, Problem, Sobol, lap, on
from siren_pde.calculus.derivatives import Laplace
from siren_pde.collocation.objective import objective_of
from siren_pde.fields.engine import tracing
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.generic import Generic
from siren_pde.testing.networks import Nested

PLAN = Plan.closing({(0, 1), (1, 1, 1), Laplace((0, 1))})
X = torch.rand(7, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


class Module(nn.Module):
    """Two linear layers, and what a function makes of their values between."""

    def __init__(self, function, outputs=1):
        super().__init__()
        self.function = function
        self.first = nn.Linear(2, 6)
        self.last = nn.Linear(6, outputs)
        self.shift = nn.Parameter(torch.randn(6))
        self.register_buffer("mixed", torch.randn(6, 6))

    def forward(self, x):
        return self.last(self.function(self, x, self.first(x)))


def gated(module, x, z):
    gate = torch.sigmoid(x[:, :1])
    return gate * torch.tanh(z) + (1 - gate) * (z / 2 - module.shift)


FOLLOWED = {
    "tanh": lambda m, x, z: torch.tanh(z),
    "sine of a product": lambda m, x, z: (3 * z).sin() + z.cos(),
    "exp": lambda m, x, z: torch.exp(-(z**2)),
    "silu": lambda m, x, z: functional.silu(z),
    "square": lambda m, x, z: z.square() + torch.pow(z, 3),
    "quotient": lambda m, x, z: 1 / (2 + z * z) - z / (1 + m.shift.exp()),
    "gate": gated,
    "residual": lambda m, x, z: z + torch.tanh(z @ m.mixed) - m.shift,
    "side by side": lambda m, x, z: torch.cat([z[:, 1:4].tanh(), x, z[..., :1]], -1),
    "stacked": lambda m, x, z: torch.stack([z[:, i].sin() for i in range(6)], dim=1),
    "inner product": lambda m, x, z: z * (x * x).sum(1, keepdim=True) + z.mean(-1)[:, None],
    "shapes": lambda m, x, z: z.reshape(len(x), 3, 2).tanh().flatten(1) * x.shape[1],
    "tensor first": lambda m, x, z: m.shift * z + m.shift - z + torch.mul(m.mixed[0], z),
}
OTHERS = {
    "softplus": lambda m, x, z: functional.softplus(z),
    "branch": lambda m, x, z: torch.where(z > 0, z.exp(), 1 + z),
    "in place": lambda m, x, z: z.mul_(2.0).tanh(),
    "gelu": lambda m, x, z: functional.gelu(z),
}


def network(function, outputs=1):
    torch.manual_seed(0)
    return Generic(Module(function, outputs).double(), 2, outputs)


def close(a, b):
    assert a.shape == b.shape
    assert torch.allclose(a, b, rtol=1e-11, atol=1e-11 * float(b.abs().max()))


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("name", [*FOLLOWED, *OTHERS])
def test_all_products_are_those_of_nested_differentiation(name, outputs):
    ours = network((FOLLOWED | OTHERS)[name], outputs)
    theirs = Nested(ours)
    theta = torch.cat([q.detach().flatten() for q in ours.parameters()])
    mine, right = (n.evaluate(theta, X, PLAN) for n in (ours, theirs))
    close(mine.channels, right.channels)
    seeds = torch.randn(*right.channels.shape, dtype=torch.float64)
    once = ours.evaluate_once(theta, X, PLAN)
    close(once.channels, right.channels)
    for evaluation in (mine, once):
        close(ours.vjp(theta, evaluation, seeds), theirs.vjp(theta, right, seeds))
    seeds[0] = 0.0  # not all channels are wanted
    close(ours.vjp(theta, mine, seeds), theirs.vjp(theta, right, seeds))
    close(ours.jacobian_rows(theta, mine, seeds), theirs.jacobian_rows(theta, right, seeds))
    direction = torch.randn(theta.shape, dtype=torch.float64)
    close(ours.jvp(theta, mine, direction), theirs.jvp(theta, right, direction))


@pytest.mark.parametrize("name", [*FOLLOWED, *OTHERS])
def test_what_is_known_is_followed(name):
    traced = tracing.channels(network((FOLLOWED | OTHERS)[name]).module, X, PLAN)
    assert (traced is not None) == (name in FOLLOWED)


@pytest.mark.parametrize(
    "mixing",
    [
        lambda m, x, z: z.sum(0) + z,
        lambda m, x, z: z - z.mean(),
        lambda m, x, z: z[0] * z,
        lambda m, x, z: torch.cat([z, z])[: len(x)],
    ],
)
def test_points_that_meet_are_not_followed(mixing):
    assert tracing.channels(network(mixing).module, X, PLAN) is None


def test_a_module_that_fails_says_why():
    broken = network(lambda m, x, z: z @ torch.ones(3, 3, dtype=torch.float64))
    theta = torch.cat([q.detach().flatten() for q in broken.parameters()])
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        broken.evaluate(theta, X, PLAN)


# ── what it costs ─────────────────────────────────────────────────────────────────────────────────


class Counting(TorchDispatchMode):
    """How many numbers torch's operations write."""

    def __init__(self):
        super().__init__()
        self.written = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor) and "view" not in str(function.tags):
            self.written += made.numel()
        return made


square = Box(x=(0, 1), y=(0, 1))


@on(square)
def poisson(p, u):
    return lap(u) - p.x


def nested_gradient(module, x):
    x = x.clone().requires_grad_()
    (first,) = torch.autograd.grad(module(x).sum(), x, create_graph=True)
    second = [
        torch.autograd.grad(first[:, i].sum(), x, create_graph=True)[0][:, i] for i in range(2)
    ]
    loss = 0.5 * (torch.stack(second).sum(0) - x[:, 0].detach()).square().mean()
    return torch.autograd.grad(loss, [*module.parameters()], allow_unused=True)


def test_a_gradient_writes_less_than_nested_autograd():
    layers = [nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)]
    module = nn.Sequential(*layers).double()
    objective = objective_of(Problem(poisson), Generic(module, 2), rule=Sobol(512))
    theta, x = objective.parameters, objective.collocated.rows[0].points.positions
    with Counting() as mine:
        gradient = objective.loss_and_gradient(theta)[1]
    with Counting() as theirs:
        nested = nested_gradient(module, x)
    pairs = zip(module.parameters(), nested, strict=True)
    close(gradient, torch.cat([(0 * q if g is None else g).detach().flatten() for q, g in pairs]))
    assert mine.written < 0.8 * theirs.written
