"""What watching a solve costs: history, metrics, clock and progress beside the bare steps.

    python benchmarks/watching.py [--rounds 5]

Both sides make the same steps alternately: the method alone, and the loop of `solve` with a run
folder, rows of the history with the terms of all conditions, the error against the exact solution
and progress lines. Steps take about 20 ms. A checkpoint is timed by itself, as its share of the 30
seconds after which the next one is due.
"""

import io
import tempfile
import time

import harness

from siren_pde import LBFGS, Adam, Box, Broyden, GaussNewton, Problem, Siren, lap, on, pi, sin
from siren_pde.extend import Spent
from siren_pde.runs.folder import Run
from siren_pde.runs.manifest import Manifest
from siren_pde.solving.history import History
from siren_pde.solving.loop import Loop, Standing
from siren_pde.solving.prepare import Call, prepared
from siren_pde.solving.progress import watching
from siren_pde.solving.recording import USUALLY, Recording
from siren_pde.solving.report import Budget

square = Box(x=(0, 1), y=(0, 1))


def exact(p):
    return sin(pi * p.x) * sin(pi * p.y)


@on(square)
def poisson(p, u):
    return lap(u) + u**3 + 2 * pi**2 * exact(p) - exact(p) ** 3


@on(square.boundary)
def dirichlet(p, u):
    return u


problem = Problem(poisson, dirichlet, exact=exact)
CASES = {
    "Adam": (Siren(2, width=64, depth=3), Adam(batch=2048), 300),
    "L-BFGS": (Siren(2, width=16, depth=2), LBFGS(inner=10), 100),
    "Broyden": (Siren(2, width=24, depth=3), Broyden(), 100),
    "Gauss-Newton": (Siren(2, width=16, depth=2), GaussNewton(), 100),
}


class Case:
    """A method on a field, stepped alone and watched."""

    def __init__(self, field, method, steps):
        self.call = Call(problem=problem, field=field, method=method, budget=Budget(steps=steps))
        self.ready, self.steps = prepared(self.call), steps
        self.checkpoint = 0.0

    def bare(self):
        """Seconds of the steps alone."""
        method = self.ready.method
        at = method.start(self.ready.objective)

        def stepped(at):
            for k in range(self.steps):
                at = method.step(at, Spent(k / self.steps))

        return harness.timed(lambda: stepped(at))[0]

    def watched(self):
        """Seconds of the loop alone; the checkpoint after it is timed by itself."""
        with tempfile.TemporaryDirectory() as folder, Run.made(folder) as run:
            recording = Recording(run, self.call, self.ready, every=USUALLY, say=print)
            recording.started(Manifest())
            at = self.ready.method.start(self.ready.objective)
            with watching(io.StringIO()) as shown:
                loop = Loop(
                    self.ready.method,
                    Standing(at, at),
                    budget=self.call.limits,
                    callbacks=[shown],
                    history=History(),
                    started=time.monotonic(),
                    recorder=recording,
                )
                seconds, _ = harness.timed(loop.run)
            recording.checkpoint(loop.good)  # the first one walks through the problem
            self.checkpoint, _ = harness.timed(lambda: recording.checkpoint(loop.good))
        return seconds


def main():
    made = harness.parser(__doc__)
    made.add_argument("--rounds", type=int, default=5)
    options = made.parse_args()
    harness.prepare(1)
    rows = []
    for name, given in CASES.items():
        case = Case(*given)
        case.bare()
        rounds = tuple((case.bare(), case.watched()) for _ in range(options.rounds))
        taken = harness.Alternation(rounds)
        rows.append(
            {
                "method": name,
                "step": taken.milliseconds(0) / case.steps,
                "watching": taken.ratio(1, 0) - 1,
                "checkpoint": case.checkpoint / USUALLY.seconds,
            }
        )
    harness.table(
        rows,
        {
            "method": lambda row: row["method"],
            "ms a step": lambda row: f"{row['step']:.1f}",
            "watching": lambda row: f"{row['watching']:+.1%}",
            "checkpoints": lambda row: f"{row['checkpoint']:.2%}",
        },
    )
    harness.as_json(rows)


if __name__ == "__main__":
    main()
