"""One process against several that share the same work, a thread each.

    python benchmarks/processes.py [--processes 2] [--rounds 5] [--scale 1.0]

A gradient of the loss at 65,536 points of Poisson's equation for four layers of 128 sines
(float32), a least-squares problem of 40,000 rows and 2,000 columns by TSQR against one QR, the
normal equations of Gauss-Newton, streamed, with a step, for 40,000 rows and 1,200 parameters
(float64), and local features in 256 boxes of 160 waves, from their points to their coefficients.
The first process does each alone while the others sleep, then all do it together, in turns; the
table has medians of seconds, and of the ratios of each pair. `--scale` shrinks all sizes, to see
that it works.
"""

import math
import os
import statistics
import subprocess
import sys
import time

import harness
import torch

from siren_pde import Box, Problem, Siren, Sobol, lap, on, sin
from siren_pde.collocation.objective import objective_of
from siren_pde.local_features.discretised import Waves, assembled
from siren_pde.local_features.newton import minimised
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.numerics.spread import spread_least_squares
from siren_pde.types import Processes

square = Box(x=(0, 1), y=(0, 1))


@on(square)
def poisson(p, u):
    return lap(u) + sin(3 * p.x) * p.y


problem = Problem(poisson)


def gradient(processes, scale):
    """A gradient step's products at 2¹⁶ points."""
    field = Siren(2, width=round(128 * scale**0.5), depth=4, frequency=5.0, dtype=torch.float32)
    whole = objective_of(problem, field, rule=Sobol(round(2**16 * scale)), processes=processes)
    theta = whole.parameters
    return lambda: whole.loss_and_gradient(theta)


def tall(processes, scale):
    """The rows of this process of a least-squares problem."""
    rows, columns = round(40_000 * scale), round(2000 * scale)
    generator = torch.Generator().manual_seed(0)
    a = torch.randn((rows, columns), generator=generator, dtype=torch.float64)
    b = torch.randn(rows, generator=generator, dtype=torch.float64)
    own = processes.part(rows)
    a, b = a[own].clone(), b[own].clone()
    return lambda: spread_least_squares(a.clone(), b, processes)


def normal_equations(processes, scale):
    """JᵀJ and Jᵀr, never J, and a step."""
    width = round(32 * scale**0.5)
    field = Siren(2, width=width, depth=2, frequency=5.0, dtype=torch.float64)
    rule = Sobol(round(40_000 * scale))
    whole = objective_of(problem, field, rule=rule, processes=processes)
    theta = whole.parameters
    return lambda: whole.normal_equations(theta).step(1e-3)


def boxes(processes, scale):
    """A sparse least-squares problem on a uniform tree, with its rows."""
    whole = objective_of(problem, Siren(2), processes=processes)
    tree = BoxTree.around(*(torch.tensor(b, dtype=torch.float64) for b in problem.bounds))
    for _ in range(max(round(4 + math.log2(scale) / 2), 1)):
        tree, _ = tree.split([[0, 1]] * len(tree))

    def solved():
        assembly, local = assembled(whole, tree, Waves(160, 4.0))
        return minimised(assembly, tree, local.parameters, affine=True)

    return solved


WORK = {
    "gradient, 65,536 points, 4 × 128": gradient,
    "TSQR of 40,000 × 2,000": tall,
    "streamed Gauss-Newton step, 40,000 rows": normal_equations,
    "local features, 256 boxes of 160 waves": boxes,
}


def seconds(processes, work):
    """How long all of them take, from when all are ready."""
    processes.all(True)
    started = time.monotonic()
    work()
    processes.all(True)
    return processes.agreed(time.monotonic() - started)


def alone(processes, work):
    """How long the first takes by itself, while the others wait without computing."""
    took = 0.0
    processes.all(True)
    if processes.first:
        started = time.monotonic()
        work()
        took = time.monotonic() - started
    text = processes.told(lambda: str(took))  # waits by looking twenty times a second
    return float(text)


def measured(processes, make, rounds, scale):
    """The medians of seconds of one, of all, and of their ratio."""
    single, shared = make(Processes(), scale) if processes.first else None, make(processes, scale)
    pairs = []
    for number in range(rounds + 1):
        first = alone(processes, single)
        together = seconds(processes, shared)
        if number:  # the first time is another
            pairs.append((first, together, first / together))
    return [statistics.median(column) for column in zip(*pairs, strict=True)]


def worker(options):
    """One of the processes: the first prints."""
    torch.set_num_threads(1)
    processes, rows = Processes.joined(), []
    for name, make in WORK.items():
        numbers = measured(processes, make, options.rounds, options.scale)
        rows.append({"work": name, **dict(zip(("one", "all", "ratio"), numbers, strict=True))})
    if processes.first:
        harness.prepare(1)
        columns = {
            "a thread each": lambda row: row["work"],
            "one process": lambda row: f"{row['one']:.3g} s",
            f"{processes.count} processes": lambda row: f"{row['all']:.3g} s",
            "faster": lambda row: f"{row['ratio']:.2f} ×",
        }
        harness.table(rows, columns)
        harness.as_json({"processes": processes.count, "scale": options.scale, "rows": rows})


def launched(options):
    """Have torchrun start this script so many times."""
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    words += [str(options.processes), __file__, "--worker", "--rounds", str(options.rounds)]
    words += ["--scale", str(options.scale)]
    return subprocess.run(words, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False).returncode


if __name__ == "__main__":
    parser = harness.parser(__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--worker", action="store_true", help="what torchrun starts")
    options = parser.parse_args()
    if options.worker:
        worker(options)
    else:
        sys.exit(launched(options))
