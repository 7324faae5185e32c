"""PINA (Coscia et al., JOSS 8(87), 2023), by the recipes of its tutorials.

A model of one's own obeys the conditions exactly, as in its tutorial of the wave equation. Double
precision; Adam, then L-BFGS until the time is over, started anew where its line search gives up.
"""

from importlib import import_module

import numpy as np
from protocol import Run

WIDTH, DEPTH, POINTS = 64, 3, 2000
SCALE = 4.0
"""Coordinates go from −s to s: a sine network without it begins too smooth for ten half waves."""
ADAM = 0.2
"""Its share of the time."""
ROUND = 20
"""Iterations of L-BFGS between two looks at the clock."""


def problem_of(peer, torch, pina):
    """The residual in its domain, where it is sampled: the network sees to the conditions."""

    def equation(x, u):
        slopes = pina.operator.grad(u, x)

        def d(*axes):
            first, *second = (peer.axes[axis] for axis in axes)
            slope = slopes[f"dud{first}"]
            return pina.operator.grad(slope, x, d=second).tensor if second else slope.tensor

        return peer.residual(torch, [x[axis].tensor for axis in peer.axes], u.tensor, d)

    inside = pina.domain.CartesianDomain(dict(zip(peer.axes, map(list, peer.box), strict=True)))
    condition = pina.Condition(domain="inside", equation=pina.equation.Equation(equation))
    has = {"output_variables": ["u"], "spatial_domain": inside}
    has |= {"domains": {"inside": inside}, "conditions": {"inside": condition}}
    problem = type("Peer", (pina.problem.SpatialProblem,), has)()
    problem.discretise_domain(POINTS, "lh", domains="inside")
    return problem


def network(peer, torch, pina):
    """u = lift + factor · v with v a sine network."""

    class Sine(torch.nn.Module):
        forward = staticmethod(torch.sin)

    class Ansatz(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = pina.model.FeedForward(2, 1, layers=[WIDTH] * DEPTH, func=Sine)

        def forward(self, x):
            columns = x.tensor.split(1, dim=1)
            v = self.inner(SCALE * (2 * x.tensor - low - high) / (high - low))
            return peer.lift(torch, *columns) + peer.factor(torch, *columns) * v

    low, high = torch.tensor(peer.box, dtype=torch.float64).T
    return Ansatz()


def trained(run, torch, lightning, pina):
    """The values when the time is over, and the number of parameters."""
    problem, model = problem_of(run.problem, torch, pina), network(run.problem, torch, pina)

    def values(x):
        with torch.no_grad():
            return model(pina.LabelTensor(torch.as_tensor(x), [*run.problem.axes])).numpy()

    class Watch(lightning.pytorch.Callback):
        """Looks at the error in time; ends with the time, or where a step changes nothing."""

        def __init__(self, until):
            self.until, self.loss = until, np.inf

        def on_train_batch_end(self, trainer, module, outputs, batch, number):
            run.look(values)
            before, self.loss = self.loss, outputs["loss"].item()
            trainer.should_stop = run.seconds >= self.until or self.loss == before

    plain = {f"enable_{name}": False for name in ("progress_bar", "model_summary", "checkpointing")}
    plain |= {"accelerator": "cpu", "logger": False, "max_epochs": -1}

    def minimise(until, optimiser, **choices):
        chosen = pina.optim.TorchOptimizer(optimiser, **choices)
        solver = pina.solver.PhysicsInformedSingleModelSolver(problem, model, optimizer=chosen)
        pina.Trainer(solver, callbacks=[Watch(until)], **plain).train()

    minimise(ADAM * run.budget, torch.optim.Adam, lr=1e-3)
    search = {"max_iter": ROUND, "history_size": 100, "line_search_fn": "strong_wolfe"}
    while not run.over:
        minimise(run.budget, torch.optim.LBFGS, tolerance_grad=0, tolerance_change=0, **search)
    return values, sum(each.numel() for each in model.parameters())


def main():
    run = Run.asked()
    with run.uncounted("imported"):
        import lightning
        import pina
        import torch

        for part in ("domain", "equation", "model", "operator", "optim", "problem", "solver"):
            import_module(f"pina.{part}")
    torch.set_num_threads(run.threads)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(run.seed)
    values, parameters = trained(run, torch, lightning, pina)
    run.ended(
        values,
        parameters=parameters,
        recipe=f"sine {DEPTH} × {WIDTH}, float64, exact conditions, {POINTS} points of a Latin "
        f"hypercube, Adam 1e-3 for {ADAM:.0%} of the time, then L-BFGS",
        packages=["pina-mathlab", "lightning", "torch"],
    )


if __name__ == "__main__":
    main()
