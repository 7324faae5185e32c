"""FastLSQ (Sulc, arXiv 2602.10541): random sines, one least-squares solve, Newton's method around.

Its defaults: 3 × 500 features, three times as many points, and the best of nine scales by the error
*beside the exact solution*, a mean over trials. What that search takes is in the seconds of the
errors; the line `fixed` has the same solve without it, at the scale that so turned out the best.
"""

import time

import numpy as np
from fastlsq_posed import Posed
from fastlsq_problems import OWN
from protocol import Run

TRIALS = {True: 5, False: 3}
"""Of each scale, of linear problems and others: as `solve_linear` and `solve_nonlinear` do."""
BLOCKS, WIDTH = 3, 500
INNER, OUTER = 4500, 900
"""Points for so many features, by the rule of both functions."""


def main():
    run = Run.asked(own=OWN)
    with run.uncounted("imported"):
        import fastlsq
        import torch
        from fastlsq import problems, solvers, tuning
    torch.set_num_threads(run.threads)
    linear, own = run.problem.linear, run.problem.name in OWN
    posed = getattr(problems, run.problem.title)() if own else Posed(run.problem, torch)
    scale = tuning.auto_select_scale(
        posed,
        lambda dim: solvers.FastLSQSolver(dim, normalize=not linear),
        n_blocks=BLOCKS,
        hidden_size=WIDTH,
        n_pde=INNER,
        n_bc=OUTER,
        n_trials=TRIALS[linear],
        newton_mode=not linear,
        verbose=False,
    )
    run.say("searched", run.seconds, scale=scale)
    torch.manual_seed(run.seed)
    began = time.perf_counter()
    solve = fastlsq.solve_linear if linear else fastlsq.solve_nonlinear
    found = solve(posed, scale=scale, return_metrics=False, return_solver=True, verbose=False)
    seconds = time.perf_counter() - began

    def values(points):
        with torch.no_grad():
            return np.asarray(found["u_fn"](torch.as_tensor(points)))

    run.say("fixed", seconds, scale=scale, error=run.measure(values))
    run.ended(
        values,
        parameters=found["solver"].beta.numel(),
        recipe=f"scale {scale:g}, the best of nine by {TRIALS[linear]} true errors each; at that "
        f"scale alone {seconds:.3g} s",
        packages=["fastlsq", "torch"],
    )


if __name__ == "__main__":
    main()
