"""FastLSQ (Sulc, arXiv 2602.10541): random sines, one least-squares solve, Newton's method around.

Its defaults: 3 × 500 features, three times as many points, and the best of nine scales by the error
*beside the exact solution*, a mean over trials. What that search takes is in the seconds of the
errors; the line `fixed` has the same solve without it, at the scale that so turned out the best.
The search begins with scales in the middle, and its trials fail once the time is over.
"""

import time

import numpy as np
from fastlsq_posed import Posed
from fastlsq_problems import OWN
from protocol import Run

SCALES = [3.0, 5.0, 2.0, 8.0, 1.0, 10.0, 0.5, 12.0, 15.0]
"""Its own nine, in another order."""
TRIALS = {True: 5, False: 1}
"""Of each scale, of linear problems, as `solve_linear` does, and of others: `solve_nonlinear` has
three, which take three times as long.
"""
BLOCKS, WIDTH = 3, 500
INNER, OUTER = 4500, 900
"""Points for so many features, by the rule of both functions."""


def searched(run, posed, fastlsq):
    """The scale with the least error beside the exact solution, and how many trials there were."""
    linear, drawn, tried = run.problem.linear, posed.get_train_data, []

    def in_time(**numbers):
        if tried and run.over:
            raise TimeoutError("the time of the search is over")
        tried.append(numbers)
        return drawn(**numbers)

    posed.get_train_data = in_time
    scale = fastlsq.auto_select_scale(
        posed,
        lambda dim: fastlsq.FastLSQSolver(dim, normalize=not linear),
        n_blocks=BLOCKS,
        hidden_size=WIDTH,
        n_pde=INNER,
        n_bc=OUTER,
        scales=SCALES,
        n_trials=TRIALS[linear],
        newton_mode=not linear,
        verbose=False,
    )
    posed.get_train_data = drawn
    return scale, len(tried)


def main():
    run = Run.asked(own=OWN)
    with run.uncounted("imported"):
        import fastlsq
        import torch
        from fastlsq import problems
    torch.set_num_threads(run.threads)
    own = run.problem.name in OWN
    posed = getattr(problems, run.problem.title)() if own else Posed(run.problem, torch)
    scale, trials = searched(run, posed, fastlsq)
    run.say("searched", run.seconds, scale=scale, trials=trials)
    torch.manual_seed(run.seed)
    began = time.perf_counter()
    solve = fastlsq.solve_linear if run.problem.linear else fastlsq.solve_nonlinear
    found = solve(posed, scale=scale, return_metrics=False, return_solver=True, verbose=False)
    seconds = time.perf_counter() - began

    def values(points):
        with torch.no_grad():
            return np.asarray(found["u_fn"](torch.as_tensor(points)))

    run.say("fixed", seconds, scale=scale, error=run.measure(values))
    run.ended(
        values,
        parameters=found["solver"].beta.numel(),
        recipe=f"scale {scale:g}, of nine that with the least true error, in {trials} trials; "
        f"at that scale alone {seconds:.3g} s",
        packages=["fastlsq", "torch"],
    )


if __name__ == "__main__":
    main()
