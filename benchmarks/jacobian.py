"""Per-point Jacobian rows of a Laplacian residual: closed form against `vmap(jacrev)`.

    python benchmarks/jacobian.py

3 sine layers of 64, 1024 points, two threads, both sides alternately in one process: ours into
fresh memory, as `torch.func` must, and into memory given by `out`.
"""

import harness
import torch
from torch.func import functional_call, hessian, jacrev, vmap

from siren_pde import Box, Problem, Siren, lap, on
from siren_pde.collocation.objective import objective_of, residual_and_jacobian

N, PAIRS = 1024, 7
square = Box(x=(-1, 1), y=(-1, 1))


@on(square, points=N)
def laplacian(p, u):
    return lap(u)


COLUMNS = {
    "precision": lambda row: row["dtype"][6:],
    "ours, ms": lambda row: f"{row['ours_ms']:.1f}",
    "memory given, ms": lambda row: f"{row['kept_ms']:.1f}",
    "vmap(jacrev), ms": lambda row: f"{row['vmap_ms']:.1f}",
    "ratios": lambda row: f"{row['ratio']:.1f}, {row['kept_ratio']:.1f}",
}


def compared(dtype):
    """Both sides on the same network and points, which agree to rounding."""
    field = Siren(2, width=64, depth=3, frequency=5.0, dtype=dtype)
    objective = objective_of(Problem(laplacian), field)
    theta = objective.parameters
    x = objective.collocated.rows[0].points.positions
    named = {name: q.detach() for name, q in field.named_parameters()}

    def at_a_point(parameters, place):
        def value(y):
            return functional_call(field, parameters, (y[None],))[0]

        return torch.diagonal(hessian(value)(place)).sum()

    def theirs():
        rows = vmap(jacrev(at_a_point), in_dims=(None, 0))(named, x)
        return torch.cat([v.flatten(1) for v in rows.values()], dim=1)

    def ours():
        return residual_and_jacobian(objective, theta)[1]

    a, b = ours() * N**0.5, theirs()
    kept = torch.empty_like(a)

    def again():
        return residual_and_jacobian(objective, theta, kept)[1]

    assert (a - b).norm() < (1e-12 if dtype == torch.float64 else 1e-4) * b.norm()
    again()
    runs = harness.Alternation.of((ours, again, theirs), PAIRS)
    return {
        "dtype": str(dtype),
        "ours_ms": runs.milliseconds(0),
        "kept_ms": runs.milliseconds(1),
        "vmap_ms": runs.milliseconds(2),
        "ratio": runs.ratio(2, 0),
        "kept_ratio": runs.ratio(2, 1),
    }


def main():
    harness.parser(__doc__).parse_args()
    harness.prepare()
    rows = [compared(dtype) for dtype in (torch.float64, torch.float32)]
    harness.table(rows, COLUMNS)
    harness.as_json(rows)


if __name__ == "__main__":
    main()
