"""What each process of a job computes, as numbers that the first one tells."""

from dataclasses import replace
from typing import Any

import torch

from siren_pde import (
    LBFGS,
    Adam,
    Broyden,
    Budget,
    Every,
    GaussNewton,
    LeastSquares,
    Siren,
    Sobol,
    Stop,
    System,
    Unknown,
    solve,
)
from siren_pde.collocation.objective import objective_of
from siren_pde.collocation.quadrature import GaussLegendre
from siren_pde.fields.cosines import Cosines
from siren_pde.local_features.discretised import Waves
from siren_pde.local_features.method import LocalFeatures
from siren_pde.numerics.multifrontal import Part, least_squares
from siren_pde.numerics.shares import Shares
from siren_pde.numerics.spread import _by_normal_equations, spread_least_squares
from siren_pde.optimisers.base import Spent
from siren_pde.optimisers.conjugate_gradients import ConjugateGradients
from siren_pde.processes.processes import Processes
from siren_pde.random_features.output_system import OutputSystem
from siren_pde.solving.features import Features
from tests.processes.problems import bent, bracket, curved, layered, linear, plain, smooth, well

FITTED = LeastSquares(features=150, frequency=(12.0, 12.0))
"""Features that hold the solution, with coefficients that do not cancel."""


def siren(seed=0):
    return Siren(2, width=8, depth=2, seed=seed, frequency=4.0).double()


def objective(processes, problem=bent, n=101, rule=None):
    return objective_of(problem, siren(), rule=rule or Sobol(n), seed=5, processes=processes)


def walked(method, start, steps):
    at = method.start(start)
    for k in range(steps):
        if at.finished:
            break
        at = method.step(at, Spent(k / steps))
    return at


def products(processes):
    whole = objective(processes)
    theta = whole.parameters
    loss, gradient = whole.loss_and_gradient(theta)
    direction = torch.linspace(-1, 1, len(theta), dtype=torch.float64)
    moved = whole.jvp(theta, direction)
    signs = whole.space.signs(torch.Generator().manual_seed(1), theta)
    equations = whole.normal_equations(theta)
    few = replace(whole, collocated=whole.collocated.with_rule(Sobol(11))).normal_equations(theta)
    return {
        "loss": whole.loss(theta),
        "loss with gradient": loss,
        "gradient": gradient,
        "terms": torch.stack([*whole.terms(theta).values()]),
        "‖J d‖²": whole.space.dot(moved, moved),
        "Jᵀ J d": whole.vjp(theta, moved),
        "Jᵀ of signs": whole.vjp(theta, signs),
        "JᵀJ": equations.gram.tril(),
        "Jᵀr": equations.right,
        "‖r‖²": equations.square,
        "step with few rows": few.step(1e-2)[0],
    }


def quadratures(processes):
    gradients = {}
    for rule in (GaussLegendre(5), Sobol(1), Sobol(2)):
        square = objective(processes, n=rule.n)
        rows = square.collocated.with_rule(Sobol(rule.n)) if rule.n > 2 else square.collocated
        whole = replace(square, collocated=rows)
        gradients[repr(rule)] = whole.loss_and_gradient(whole.parameters)[1]
    return gradients


def adaptive(processes):
    whole = objective(processes)
    there = whole.resampled_adaptively(whole.parameters, 0.5, 3)
    return {
        "points": there.collocated.rows[0].points.positions,
        "gradient": there.loss_and_gradient(whole.parameters)[1],
    }


def methods(processes):
    def ended(method, steps):
        return walked(method, objective(processes), steps).theta

    waves = Cosines((5, 4), low=(0, 0), high=(1, 1))
    affine = objective_of(smooth, waves, rule=Sobol(301), seed=1, processes=processes)
    layer = Siren(2, width=4, depth=1, seed=1, frequency=6.0).double()  # whose JᵀJ is definite
    few = objective_of(bent, layer, rule=Sobol(301), seed=5, processes=processes)
    return {
        "Adam": ended(Adam(batch=101, rate=1e-2), 50),
        "Gauss-Newton": walked(GaussNewton(refresh=4), few, 10).theta,
        "L-BFGS": ended(LBFGS(inner=3), 3),
        "Broyden": ended(Broyden(), 5),
        "conjugate gradients": walked(ConjugateGradients(probes=4), affine, 6).theta,
    }


def spread(processes):
    generator = torch.Generator().manual_seed(2)
    a = torch.randn((97, 40), generator=generator, dtype=torch.float64)
    a = a * torch.logspace(0, -7, 40, dtype=torch.float64)
    b = torch.randn(97, generator=generator, dtype=torch.float64)
    own = processes.part(97)
    fits = [spread_least_squares(a[own].clone(), b[own], processes)]
    fits.append(spread_least_squares(a[own].clone(), b[own], processes, tolerance=1e-3))
    few = spread_least_squares(a[own][:, :5].clone(), b[own], processes)
    squared = _by_normal_equations(a[own].clone(), b[own], processes, 1e-15)
    whole = objective(processes, linear)
    system = OutputSystem.of(whole, whole.parameters)
    return {
        "A x": a @ fits[0].x,
        "A x, damped": a @ fits[1].x,
        "residuals": torch.stack([fit.relative_residual for fit in (*fits, few)]),
        "few columns": few.x,
        "A x by AᵀA": a @ squared,
        "sizes": torch.tensor([system.size, *system.column_sizes().values()]),
        "factors": torch.tensor([*system.balance().values()]),
    }


def trees(processes):
    """Least squares on a crooked tree, of which some part has no rows."""
    generator = torch.Generator().manual_seed(4)
    children = [[1, 2], [-1, -1], [3, 10], [4, 5], [-1, -1], [6, 7], [-1, -1], [8, 9]]
    children += [[-1, -1]] * 3
    shared = [[0, 1], [0, 2, 6], [1, 3, 6], [2, 3, 4], None, [4, 5, 1, 6]]

    def drawn(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    parts = [
        None if s is None else Part(drawn(12, 4), drawn(12, len(s)), torch.tensor(s), drawn(12))
        for s in shared
    ]
    uses = torch.bincount(torch.tensor([i for s in shared for i in s or ()]))
    shares = Shares.of(children, [1.0, 2.0, 1.0, 1.0, 0.0, 3.0], processes)
    own, rest = least_squares(parts[shares.own.start : shares.own.stop], children, uses, shares)
    return {
        "own": torch.cat([x for x in own if x is not None]),
        "shared": rest,
        "sizes": torch.tensor([-1 if x is None else len(x) for x in own]),
    }


def boxes(processes):
    few = LocalFeatures(tolerance=1e-12, most=3500, waves=Waves(80, 4.0))
    given: dict[str, Any] = {"quiet": True, "estimate": "none", "processes": processes}
    told: dict[str, Any] = {}
    for name, problem in {"square": plain, "L": bracket, "hole": curved, "flux": layered}.items():
        solution = solve(problem, None, few, **given)
        there = torch.linspace(0.02, 0.24, 40, dtype=torch.float64).view(-1, 2)
        told[name] = solution(there).flatten()
        told[f"{name}, steps"] = torch.tensor(solution.history.steps)
        told[f"{name}, losses"] = torch.tensor(solution.history.losses)
        told[f"{name}, boxes"] = solution.field.networks()["u"].low
    waves = LeastSquares(features=40, frequency=(6.0, 6.0))
    turns = solve(bracket, None, Features(waves, few), **given)
    told["in turns"] = turns(there + 0.3).flatten()
    told["in turns, methods"] = [turns.method]
    unknowns = System(psi=Siren(1), E=Unknown(4.0))
    bound = solve(well, unknowns, replace(few, most=200, waves=None), **given)
    return {**told, "constant": bound.field.networks()["E"](torch.zeros(1, 1))}


def solves(processes):
    def values(*given, **options):
        solution = solve(*given, quiet=True, estimate="none", processes=processes, **options)
        there = torch.linspace(0.05, 0.25, 20, dtype=torch.float64).view(-1, 2)
        return solution(there).flatten(), solution

    stepped, first = values(
        bent, siren(), Adam(batch=64), budget=Budget(steps=5), dtype=torch.float64
    )
    fitted, second = values(plain, None, FITTED, budget=Budget(steps=1), quadrature=Sobol(400))
    _, third = values(linear, budget=Budget(steps=1))
    return {
        "values after Adam": stepped,
        "values of features": fitted,
        "losses": torch.tensor([first.loss, second.loss]),
        "history": torch.tensor(first.history.losses),
        "outcomes": [s.outcome.name for s in (first, second)],
        "methods": [s.method for s in (first, second, third)],
    }


def decisions(processes):
    """What is decided by a clock, or in one process: it is another thing every time."""

    def stopping(report):
        return Stop("seven are enough") if report.step >= 7 else None

    given = {"quiet": True, "processes": processes}
    mine = [Every(steps=1)(stopping)] if processes.first else []
    stopped = solve(bent, siren(), Adam(batch=64), callbacks=mine, estimate="none", **given)
    timed = solve(bent, siren(), Adam(batch=64), budget=Budget(seconds=0.2), **given)
    chosen = solve(linear, siren(), budget=Budget(steps=1), **given)
    drawn = torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1))
    with torch.no_grad():  # as layers are that were drawn without a seed
        drawn[0].bias += processes.rank
    own = solve(plain, drawn, Adam(batch=64), budget=Budget(steps=2), estimate="none", **given)
    solved = (stopped, timed, chosen, own)
    return {
        "steps": [s.history.steps[-1] for s in solved],
        "words": [f"{s.outcome.name} {s.stop_reason} {s.estimate} {s.why}" for s in solved],
        "numbers": [[s.loss, s.seconds, *s.residuals.values()] for s in solved],
    }


LAWS = (products, quadratures, adaptive, methods, spread, trees, boxes, solves)
"""What is the same for any number of processes."""
OTHERS = (decisions,)
"""What is the same in all processes of a job."""


def computed(processes: Processes):
    """All of them, as lists."""
    return {
        law.__name__: {
            name: value.tolist() if isinstance(value, torch.Tensor) else value
            for name, value in law(processes).items()
        }
        for law in (*LAWS, *OTHERS)
    }
