"""Per-point Jacobian rows of a Laplacian residual: closed form against `vmap(jacrev)`.

    python benchmarks/jacobian.py

3 sine layers of 64, 1024 points, two threads, both sides alternately in one process: ours into
fresh memory, as `torch.func` must, and into memory given by `out`.
"""

import json
import statistics
import time

import torch
from torch.func import functional_call, hessian, jacrev, vmap

from siren_pde import Box, Problem, Siren, lap, on
from siren_pde.collocation.objective import objective_of

N, PAIRS = 1024, 7
square = Box(x=(-1, 1), y=(-1, 1))


@on(square, points=N)
def laplacian(p, u):
    return lap(u)


def seconds(run):
    started = time.perf_counter()
    found = run()
    return time.perf_counter() - started, found


def main():
    torch.set_num_threads(2)
    rows = []
    for dtype in (torch.float64, torch.float32):
        field = Siren(2, width=64, depth=3, frequency=5.0, dtype=dtype)
        objective = objective_of(Problem(laplacian), field)
        theta = objective.parameters
        x = objective.collocated.rows[0].points.positions
        named = {name: q.detach() for name, q in field.named_parameters()}

        def at_a_point(parameters, place, field=field):
            def value(y):
                return functional_call(field, parameters, (y[None],))[0]

            return torch.diagonal(hessian(value)(place)).sum()

        def theirs(named=named, x=x, at_a_point=at_a_point):
            found = vmap(jacrev(at_a_point), in_dims=(None, 0))(named, x)
            return torch.cat([v.flatten(1) for v in found.values()], dim=1)

        def ours(objective=objective, theta=theta):
            return objective.residual_and_jacobian(theta)[1]

        a, b = ours() * N**0.5, theirs()
        kept = torch.empty_like(a)

        def again(objective=objective, theta=theta, kept=kept):
            return objective.residual_and_jacobian(theta, kept)[1]

        assert (a - b).norm() < (1e-12 if dtype == torch.float64 else 1e-4) * b.norm()
        again()
        runs = [[seconds(f)[0] for f in (ours, again, theirs)] for _ in range(PAIRS)]
        rows.append(
            {
                "dtype": str(dtype),
                "ours_ms": 1e3 * statistics.median(a for a, _, _ in runs),
                "kept_ms": 1e3 * statistics.median(b for _, b, _ in runs),
                "vmap_ms": 1e3 * statistics.median(c for _, _, c in runs),
                "ratio": statistics.median(c / a for a, _, c in runs),
                "kept_ratio": statistics.median(c / b for _, b, c in runs),
            }
        )
    print("| precision | ours, ms | memory given, ms | vmap(jacrev), ms | ratios |")
    print("|---|---|---|---|---|")
    for row in rows:
        figures = " | ".join(f"{row[key]:.1f}" for key in ("ours_ms", "kept_ms", "vmap_ms"))
        ratios = f"{row['ratio']:.1f}, {row['kept_ratio']:.1f}"
        print(f"| {row['dtype'][6:]} | {figures} | {ratios} |")
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
