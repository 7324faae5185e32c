"""One step of Adam on a tanh network of one's own, an `nn.Module`, against nested autograd.

    python benchmarks/own_network.py [--threads 1 2]

Poisson's equation, lap(u) − f in the square and u on its boundary, 4096 + 1024 points, a tanh
network 2-32-32-1 of 1,185 parameters. Both sides run alternately in one process; ratios are medians
over pairs, nested over ours: above one, ours is faster. The rows of the Jacobian, which
Gauss-Newton takes, are compared with `vmap` of `jacrev` over all points at once.
"""

import copy

import harness
import torch
from torch import nn
from torch.func import functional_call, grad, jvp, vmap

from siren_pde import Adam, Box, Problem, Sobol, lap, on, sin
from siren_pde.collocation.objective import objective_of, residual_and_jacobian
from siren_pde.fields.generic import Generic
from siren_pde.optimisers.base import Spent

N, PAIRS = 4096, 31
square = Box(x=(0, 1), y=(0, 1))


@on(square)
def poisson(p, u):
    return lap(u) - sin(3 * p.x) * sin(2 * p.y)


@on(square.boundary)
def dirichlet(p, u):
    return u


def module(dtype):
    torch.manual_seed(0)
    layers = [nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)]
    return nn.Sequential(*layers).to(dtype)


def residual(network, x):
    x = x.requires_grad_()
    first = torch.autograd.grad(network(x).sum(), x, create_graph=True)[0]
    second = [
        torch.autograd.grad(first[:, i].sum(), x, create_graph=True)[0][:, i] for i in range(2)
    ]
    return sum(second) - torch.sin(3 * x[:, 0]) * torch.sin(2 * x[:, 1])


def steps(dtype):
    """A step of ours, and a step of nested autograd on the same network, points and loss."""
    field = module(dtype)
    objective = objective_of(Problem(poisson, dirichlet), Generic(field, 2), rule=Sobol(N))
    method = Adam(fresh=False)
    state = [method.start(objective)]
    other = copy.deepcopy(field)
    optimiser = torch.optim.Adam(other.parameters(), lr=1e-3)
    x, y = (rows.points.positions.clone() for rows in objective.collocated.rows)

    def ours():
        state[0] = method.step(state[0], Spent())

    def theirs():
        optimiser.zero_grad()
        loss = 0.5 * residual(other, x).square().mean() + 0.5 * other(y).square().mean()
        loss.backward()
        optimiser.step()

    gradient = objective.loss_and_gradient(objective.parameters)[1]
    theirs()
    nested = torch.cat([q.grad.flatten() for q in other.parameters()])
    assert (gradient - nested).norm() < 1e-4 * nested.norm(), "the two sides differ"
    return ours, theirs


def rows():
    """The rows of the Jacobian of the Laplacian, ours and those of `vmap` over all points."""
    field = module(torch.float64)
    objective = objective_of(Problem(poisson), Generic(field, 2), rule=Sobol(N))
    theta, x = objective.parameters, objective.collocated.rows[0].points.positions
    sizes = {name: q.shape for name, q in field.named_parameters()}

    def laplacian(flat, point):
        parts = zip(sizes, flat.split([s.numel() for s in sizes.values()]), strict=True)
        named = {name: part.view(sizes[name]) for name, part in parts}

        def along(f, axis):
            return lambda y: jvp(f, (y,), (axis,))[1]

        def value(y):
            return functional_call(field, named, (y[None],))[0, 0]

        axes = torch.eye(2, dtype=point.dtype)
        return sum(along(along(value, axis), axis)(point) for axis in axes)

    def theirs():
        return vmap(grad(laplacian), in_dims=(None, 0))(theta, x)

    def ours():
        return residual_and_jacobian(objective, theta)[1]

    mine, right = ours() * N**0.5, theirs()
    assert (mine - right).norm() < 1e-11 * right.norm(), "the two sides differ"
    return ours, theirs


def compared(title, sides):
    runs = harness.Alternation.of(sides, PAIRS, warm=3)
    return {
        "case": title,
        "threads": torch.get_num_threads(),
        "ours_ms": runs.milliseconds(0),
        "nested_ms": runs.milliseconds(1),
        "ratio": runs.ratio(1, 0),
    }


COLUMNS = {
    "case": lambda row: row["case"],
    "threads": lambda row: f"{row['threads']}",
    "ours, ms": lambda row: f"{row['ours_ms']:.1f}",
    "nested, ms": lambda row: f"{row['nested_ms']:.1f}",
    "ratio": lambda row: f"{row['ratio']:.2f}",
}


def main():
    parser = harness.parser(__doc__)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    table = []
    for threads in parser.parse_args().threads:
        harness.prepare(threads)
        table += [
            compared("step, float32", steps(torch.float32)),
            compared("step, float64", steps(torch.float64)),
            compared("rows of the Jacobian", rows()),
        ]
    harness.table(table, COLUMNS)
    harness.as_json(table)


if __name__ == "__main__":
    main()
