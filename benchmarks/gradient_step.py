"""One step of Adam on a Laplacian residual: closed-form jets against nested autograd.

    python benchmarks/gradient_step.py [--compile]

Residual lap(u) − f in the square and u on its boundary, 4 sine layers, float32, 4096 + 1024 points,
two threads. Both sides run alternately in one process; ratios are medians over pairs. The share of
matrix-product speed is the time that the products of the hidden layers take alone, in the same
alternation: 12 forward products for every interior point (4 channels there and
back, and for the weights), 3 for every point of the boundary.
"""

import harness
import torch
from torch.func import grad_and_value, jacrev, vmap

from siren_pde import Adam, Box, Problem, Siren, grad, lap, norm, on, sin
from siren_pde.collocation.objective import objective_of
from siren_pde.extend import Spent

N, DEPTH, PAIRS = 4096, 4, 15
square = Box(x=(-1, 1), y=(-1, 1))
cube = Box(x=(-1, 1), y=(-1, 1), z=(-1, 1))


@on(square, points=N)
def poisson(p, u):
    return lap(u) - sin(3 * p.x) * sin(2 * p.y)


@on(square.boundary, points=N // 4)
def dirichlet(p, u):
    return u


@on(cube, points=N)
def eikonal(p, u):
    return norm(grad(u)) - 1


laplacian, distance = Problem(poisson, dirichlet), Problem(eikonal)


def nested_laplacian(field, x):
    x = x.requires_grad_()
    first = torch.autograd.grad(field(x).sum(), x, create_graph=True)[0]
    second = [
        torch.autograd.grad(first[:, i].sum(), x, create_graph=True)[0][:, i] for i in range(2)
    ]
    return sum(second)


def nested_eikonal(field, x):
    x = x.requires_grad_()
    first = torch.autograd.grad(field(x).sum(), x, create_graph=True)[0]
    return torch.linalg.vector_norm(first, dim=1) - 1


def sides(problem, width, inputs):
    """A step of ours, and a step of nested autograd on the same network, points and loss."""
    field = Siren(inputs, width=width, depth=DEPTH, frequency=5.0, dtype=torch.float32)
    objective = objective_of(problem, field)
    method = Adam(fresh=False)
    state = [method.start(objective)]
    other = field.like([q.detach().clone() for q in field.parameters()])
    optimiser = torch.optim.Adam(other.parameters(), lr=1e-3)
    places = [s.points.positions.clone() for s in objective.collocated.rows]

    def ours():
        state[0] = method.step(state[0], Spent())

    def theirs():
        optimiser.zero_grad()
        if inputs == 3:
            loss = 0.5 * nested_eikonal(other, places[0]).square().mean()
        else:
            x = places[0]
            r = nested_laplacian(other, x) - torch.sin(3 * x[:, 0]) * torch.sin(2 * x[:, 1])
            loss = 0.5 * r.square().mean() + 0.5 * other(places[1]).square().mean()
        loss.backward()
        optimiser.step()

    gradient = objective.loss_and_gradient(objective.parameters)[1]
    theirs_first = [q.clone() for q in other.parameters()]
    theirs()
    slopes = [torch.zeros_like(q) if q.grad is None else q.grad for q in other.parameters()]
    nested = torch.cat([g.flatten() for g in slopes])
    for q, before in zip(other.parameters(), theirs_first, strict=True):
        q.data.copy_(before)
    assert (gradient - nested).norm() < 1e-4 * nested.norm(), "the two sides differ"
    return ours, theirs


def compiled_step(width):
    """The same loss and gradient by `torch.func`, compiled; `torch.compile` takes no nested
    `autograd.grad`.
    """
    field = Siren(2, width=width, depth=DEPTH, frequency=5.0, dtype=torch.float32)
    x, y = (s.points.positions.clone() for s in objective_of(laplacian, field).collocated.rows)
    named = {name: q.detach() for name, q in field.named_parameters()}
    scales = dict(field.named_buffers())

    def network(parameters, place):
        a = (place - scales["centre"]) * scales["frequency"]
        *hidden, weight, bias = parameters.values()
        for w, b in zip(hidden[::2], hidden[1::2], strict=True):
            a = torch.sin(a @ w.T + b)
        return (a @ weight.T + bias)[..., 0]

    def loss(parameters):
        def value(place):
            return network(parameters, place)

        second = vmap(lambda place: jacrev(jacrev(value))(place).diagonal().sum())(x)
        r = second - torch.sin(3 * x[:, 0]) * torch.sin(2 * x[:, 1])
        return 0.5 * r.square().mean() + 0.5 * value(y).square().mean()

    step = torch.compile(grad_and_value(loss))
    return lambda: step(named)


def products(width, rows=2048):
    """The products of the hidden layers alone, in the number of rows that is fastest here."""
    w, a, out = torch.randn(width, width), torch.randn(rows, width), torch.empty(rows, width)
    count = (DEPTH - 1) * (12 * N + 3 * N // 4) // rows

    def run():
        for _ in range(count):
            torch.mm(a, w.T, out=out)

    return run


def compared(title, problem, width, inputs, compiled):
    ours, theirs = sides(problem, width, inputs)
    if compiled and inputs == 2:
        theirs = compiled_step(width)
    runs = harness.Alternation.of((ours, products(width), theirs), PAIRS, warm=3)
    row = {
        "case": title,
        "ours_ms": runs.milliseconds(0),
        "nested_ms": runs.milliseconds(2),
        "ratio": runs.ratio(2, 0),
    }
    return row | {"gemm_share": runs.ratio(1, 0)} if inputs == 2 else row


COLUMNS = {
    "case": lambda row: row["case"],
    "ours, ms": lambda row: f"{row['ours_ms']:.1f}",
    "nested autograd, ms": lambda row: f"{row['nested_ms']:.1f}",
    "ratio": lambda row: f"{row['ratio']:.2f}",
    "share of GEMM speed": lambda row: f"{row['gemm_share']:.0%}" if "gemm_share" in row else "",
}


def main():
    parser = harness.parser(__doc__)
    parser.add_argument(
        "--compile", action="store_true", help="a compiled Laplacian as the other side"
    )
    compiled = parser.parse_args().compile
    harness.prepare()
    rows = [
        compared("Laplacian, width 64", laplacian, 64, 2, compiled),
        compared("Laplacian, width 256", laplacian, 256, 2, compiled),
        compared("eikonal in 3-D, width 64", distance, 64, 3, compiled),
        compared("eikonal in 3-D, width 256", distance, 256, 3, compiled),
    ]
    harness.table(rows, COLUMNS)
    harness.as_json(rows)


if __name__ == "__main__":
    main()
