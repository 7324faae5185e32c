"""One GPU: the tests there, products, gradient steps beside nested autograd, solves and fits.

    python benchmarks/gpu.py [--device cuda] [--seconds 300] [--quick] [--out gpu.json]

Tests are those of fields, jets, objectives, methods, the loop and surfaces, with `--device` (with
`--device meta` there is nothing to run: its tensors have no values). Products of square matrices
are the peak that the same run reaches, in float32 without TF32 unless it is named. A step is loss
and gradient of lap(u) − f in the square for four layers of sines, its share of the peak counting
the products of the hidden layers alone: 12 for every point. Nested autograd has the same network,
points and loss, eager and compiled; `block` is how many bytes of a layer's channels are evaluated
at once, of which the package has one for processors and one for other devices. Solves are those of
`problems`, a tube along a knot sampled at 100,000 points (mean distance of the mesh from it, as a
share of the bounding box's diagonal), and the photograph of the gallery by a deep network, with
errors, there and on the CPU of the machine, and in reduced precision. Every time ends when the
numbers are there. What fails is a row that says how, and what does not begin in `--seconds` one
that says so; the file is written after each row. `--quick` shrinks all, to see that it works.
"""

import json
import time
from pathlib import Path

import gpu_cases as cases
import harness
import torch

from siren_pde import Problem, Siren, Sobol
from siren_pde.collocation.evaluation import FAR, NEAR, Limits
from siren_pde.collocation.objective import objective_of

DEPTH, REPEATS = 4, 5
PATIENCE = 90
"""Seconds that tests of a part may take after those of the part before."""
KINDS = {
    "float64": (torch.float64, False),
    "float32": (torch.float32, False),
    "TF32": (torch.float32, True),
    "bfloat16": (torch.bfloat16, False),
}


def median(run):
    """Seconds until the numbers are there."""
    return harness.median_time(lambda: float(run().sum()), REPEATS, warm=2)[0]


def peak(device, n, kind):
    """Operations per second of products (n, n), TF32 being off unless it is named."""
    dtype, fast = KINDS[kind]
    torch.backends.cuda.matmul.allow_tf32 = fast
    try:
        a = torch.randn((n, n), device=device, dtype=torch.float32).to(dtype)
        return {"operations": 2 * n**3 / median(lambda: a @ a)}
    finally:
        torch.backends.cuda.matmul.allow_tf32 = False


def step(device, width, n, block=None):
    """A network, its points, and its gradient step; `block` bytes of channels at once."""
    field = Siren(2, width=width, depth=DEPTH, frequency=5.0, dtype=torch.float32, device=device)
    limits = Limits()
    if block is not None:
        limits = Limits(block=max(block // (4 * 4 * width), 1))
    whole = objective_of(Problem(cases.laplacian), field, rule=Sobol(n), limits=limits)
    theta, x = whole.parameters, whole.collocated.rows[0].points.positions
    return field, x, lambda: whole.loss_and_gradient(theta)[1]


def steps(device, width, n, reached):
    """Seconds of a step, and its share of the peak."""
    seconds = median(step(device, width, n)[2])
    operations = 2 * 12 * (DEPTH - 1) * n * width**2 / seconds
    known = reached.get("float32")
    return {"width": width, "points": n, "seconds": seconds, "share": known and operations / known}


def other(device, width, n, make):
    """Seconds of the same by nested autograd."""
    field, x, _ = step(device, width, n)
    return {"width": width, "points": n, "seconds": median(make(field, x))}


def jobs(options, reached):
    """Part, name and function of every row, in the order of what must not be missed."""
    device, quick = options.device, options.quick
    n, width, points = (128, 16, 256) if quick else (8192, 256, 2**16)
    seconds = 1 if quick else 10
    for kind in KINDS:
        yield "peaks", kind, lambda k=kind: peak(device, n, k)
    for w in (width,) if quick else (64, 128, 256, 512, 1024):
        yield "steps", f"width {w}", lambda w=w: steps(device, w, points, reached)
    if not quick:
        yield "steps", "width 512, 2²⁰", lambda: steps(device, 512, 2**20, reached)
    yield "others", "nested", lambda: other(device, width, points, cases.nested)
    yield "others", "compiled", lambda: other(device, width, points, cases.compiled)
    for block in (NEAR,) if quick else (NEAR, FAR // 16, FAR // 4, FAR, 4 * FAR):
        label = f"{block / 2**20:g} MB"
        run = lambda b=block: {"seconds": median(step(device, width, 4 * points, b)[2])}  # noqa: E731
        yield "block", label, run
    tests = cases.Tests(device)
    for name in cases.TESTS:
        yield "tests", name, lambda name=name: tests.ended(name, PATIENCE)
    places = [*dict.fromkeys((str(device), "cpu"))]
    fits = {"scan": cases.scan, "photograph": cases.picture}
    for place in places:
        for name, fit in fits.items():
            run = lambda f=fit, p=place: f(p, seconds, quick=quick)  # noqa: E731
            yield "fits", f"{name}, {place}", run
        for name in cases.SOLVES:
            run = lambda name=name, p=place: cases.solved(name, p, seconds)  # noqa: E731
            yield "solves", f"{name}, {place}", run
    for precision in ("tf32", "bf16"):
        for name, fit in fits.items():
            run = lambda f=fit, p=precision: f(device, seconds, quick=quick, precision=p)  # noqa: E731
            yield "fits", f"{name}, {precision}", run


def rows(options, write):
    """Every row, whatever fails; `write` is given all so far after each."""
    done, reached, started = [], {}, time.monotonic()
    for part, name, job in jobs(options, reached):
        row = {"part": part, "name": name}
        if time.monotonic() - started > options.seconds:
            row["left out"] = f"{options.seconds:g} s are over"
        else:
            try:
                row |= job()
            except Exception as error:
                said = str(error).strip().splitlines() or [""]
                row["error"] = f"{type(error).__name__}: {said[0][:200]}"
        if part == "peaks" and "operations" in row:
            reached[name] = row["operations"]
        done.append(row)
        write(done)
    return done


def shown(row):
    """What a row says besides its name."""
    plain = {k: v for k, v in row.items() if k not in ("part", "name")}
    numbers = {k: f"{v:.3g}" if isinstance(v, float) else str(v) for k, v in plain.items()}
    return ", ".join(f"{k} {v}" for k, v in numbers.items())


if __name__ == "__main__":
    parser = harness.parser(__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=300, help="nothing begins after these")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--out", type=Path, help="where the JSON is written")
    options = parser.parse_args()
    if options.device.startswith("meta"):
        parser.error("tensors on `meta` have no values: there is nothing to test or to time.")
    harness.prepare(None)
    options.device = device = torch.device(options.device)
    card = torch.cuda.get_device_name(device) if device.type == "cuda" else "no GPU"
    told = {"card": card, **harness.machine()}

    def write(done):
        if options.out is not None:
            options.out.write_text(json.dumps({**told, "rows": done}, default=float))

    done = rows(options, write)
    columns = {"part": lambda r: r["part"], "what": lambda r: r["name"], "": shown}
    harness.table(done, columns)
    harness.as_json({**told, "rows": done})
