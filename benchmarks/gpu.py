"""One GPU: products, gradient steps beside nested autograd, and solves beside the CPU's.

    python benchmarks/gpu.py [--device cuda] [--quick] [--out gpu.json]

Products of square matrices are the peak that the same run reaches, in float32 without TF32. A step
is loss and gradient of lap(u) − f in the square for four layers of sines, its share of the peak
counting the products of the hidden layers alone: 12 for every point. Nested autograd has the same
network, points and loss, eager and compiled. Solves are those of `problems`, with their errors,
there and on the CPU of the machine. Every time ends when the numbers are there. `--quick` shrinks
all, to see that it works.
"""

import json
from pathlib import Path

import harness
import torch

from siren_pde import (
    Box,
    Budget,
    GaussNewton,
    LeastSquares,
    Problem,
    Siren,
    Sobol,
    lap,
    on,
    sin,
    solve,
)
from siren_pde.cli.script import read_script
from siren_pde.collocation.objective import objective_of

ROOT = Path(__file__).parents[1]
DEPTH, REPEATS = 4, 5
square = Box(x=(-1, 1), y=(-1, 1))
SOLVES = {
    "poisson": LeastSquares(),
    "helmholtz_six": LeastSquares(),
    "burgers": GaussNewton(),
}
"""Problems, and methods that follow the device."""


@on(square)
def poisson(p, u):
    return lap(u) - sin(3 * p.x) * sin(2 * p.y)


def median(run):
    """Seconds until the numbers are there."""
    return harness.median_time(lambda: float(run().sum()), REPEATS, warm=2)[0]


def peaks(device, n):
    """Operations per second of products (n, n) by precision, TF32 being off unless it is named."""
    reached = {}
    kinds = {"float64": (torch.float64, False), "float32": (torch.float32, False)}
    kinds |= {"TF32": (torch.float32, True), "bfloat16": (torch.bfloat16, False)}
    for name, (dtype, fast) in kinds.items():
        torch.backends.cuda.matmul.allow_tf32 = fast
        a = torch.randn((n, n), device=device, dtype=torch.float32).to(dtype)
        reached[name] = 2 * n**3 / median(lambda a=a: a @ a)
    torch.backends.cuda.matmul.allow_tf32 = False
    return reached


def nested(field, x):
    """The same loss and gradient by nested autograd."""

    def step():
        place = x.clone().requires_grad_()
        first = torch.autograd.grad(field(place).sum(), place, create_graph=True)[0]
        second = [
            torch.autograd.grad(first[:, i].sum(), place, create_graph=True)[0][:, i]
            for i in range(2)
        ]
        r = sum(second) - torch.sin(3 * x[:, 0]) * torch.sin(2 * x[:, 1])
        loss, theta = 0.5 * r.square().mean(), [*field.parameters()]
        gradients = torch.autograd.grad(loss, theta, materialize_grads=True)  # a bias drops out
        return torch.cat([g.flatten() for g in gradients])

    return step


def compiled(field, x):
    """The same by `torch.func`, compiled: `torch.compile` takes no nested `autograd.grad`."""
    named = {name: q.detach() for name, q in field.named_parameters()}
    scales = dict(field.named_buffers())

    def value(parameters, place):
        a = (place - scales["centre"]) * scales["frequency"]
        *hidden, weight, bias = parameters.values()
        for w, b in zip(hidden[::2], hidden[1::2], strict=True):
            a = torch.sin(a @ w.T + b)
        return (a @ weight.T + bias)[..., 0]

    def loss(parameters):
        def laplacian(place):
            twice = torch.func.jacrev(torch.func.jacrev(lambda y: value(parameters, y)))
            return twice(place).diagonal().sum()

        r = torch.func.vmap(laplacian)(x) - torch.sin(3 * x[:, 0]) * torch.sin(2 * x[:, 1])
        return 0.5 * r.square().mean()

    step = torch.compile(torch.func.grad(loss))
    return lambda: torch.cat([g.flatten() for g in step(named).values()])


def steps(device, peak, sizes):
    """Seconds of a step by width and number of points, beside others where `sizes` says so."""
    for width, n, beside in sizes:
        field = Siren(
            2, width=width, depth=DEPTH, frequency=5.0, dtype=torch.float32, device=device
        )
        whole = objective_of(Problem(poisson), field, rule=Sobol(n))
        theta, x = whole.parameters, whole.collocated.rows[0].points.positions
        row = {"width": width, "points": n}
        row["ours"] = median(lambda whole=whole, theta=theta: whole.loss_and_gradient(theta)[1])
        row["share"] = 2 * 12 * (DEPTH - 1) * n * width**2 / row["ours"] / peak
        if beside:
            row["nested"] = median(nested(field, x))
            try:
                row["compiled"] = median(compiled(field, x))
            except Exception as error:  # a compiler that is not there
                row["compiled"] = None
                row["why"] = f"{type(error).__name__}: {str(error).splitlines()[0][:100]}"
        yield row


def solves(device, seconds):
    """Seconds and errors, there and on the CPU."""
    for name, method in SOLVES.items():
        problem = read_script(ROOT / "problems" / f"{name}.py").problem
        row = {"problem": name}
        for place in dict.fromkeys((str(device), "cpu")):
            field = None if isinstance(method, LeastSquares) else Siren(len(problem.axes), width=32)
            given = {"device": place, "budget": Budget(seconds=seconds), "estimate": "none"}
            took, solution = harness.timed(
                lambda p=problem, f=field, m=method, g=given: solve(p, f, m, quiet=True, **g)
            )
            row[f"seconds, {place}"], row[f"error, {place}"] = took, solution.error()
        yield row


if __name__ == "__main__":
    parser = harness.parser(__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--out", type=Path, help="where the JSON is written")
    options = parser.parse_args()
    harness.prepare(None)
    device = torch.device(options.device)
    card = torch.cuda.get_device_name(device) if device.type == "cuda" else "no GPU"
    sizes = [(w, 2**16, w == 256) for w in (64, 128, 256, 512, 1024)] + [(512, 2**20, False)]
    if options.quick:
        sizes = [(16, 256, True)]
    reached = peaks(device, 256 if options.quick else 8192)
    told = {
        "card": card,
        "peaks": reached,
        "steps": [*steps(device, reached["float32"], sizes)],
        "solves": [*solves(device, 1 if options.quick else 20)],
        **harness.machine(),
    }
    text = json.dumps(told, default=float)
    if options.out is not None:
        options.out.write_text(text)
    columns = {
        "width": lambda row: str(row["width"]),
        "points": lambda row: str(row["points"]),
        "a step": lambda row: f"{1e3 * row['ours']:.3g} ms",
        "share of the peak": lambda row: f"{row['share']:.0%}",
        "nested": lambda row: f"{1e3 * row['nested']:.3g} ms" if row.get("nested") else "",
        "compiled": lambda row: f"{1e3 * row['compiled']:.3g} ms" if row.get("compiled") else "",
    }
    harness.table(told["steps"], columns)
    print(text)
