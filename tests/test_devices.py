"""Where a device is asked for, nothing is made on another one behind the caller's back.

There is none but the processor here: so what is made has to say where, which a look at every call
of torch shows.
"""

import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

import siren_pde
from siren_pde import (
    LBFGS,
    Adam,
    Box,
    Broyden,
    Budget,
    GaussNewton,
    LeastSquares,
    LocalFeatures,
    Marching,
    PointCloud,
    Problem,
    Propagator,
    Siren,
    Sobol,
    d,
    fit_sdf,
    on,
    pi,
    sin,
    solve,
)
from siren_pde.collocation.objective import Objective, objective_of
from siren_pde.errors import ConfigError
from siren_pde.fields.cosines import Cosines
from siren_pde.local_features.jumps import planes
from siren_pde.optimisers.base import Method, Spent
from siren_pde.optimisers.conjugate_gradients import ConjugateGradients
from tests.processes.problems import bent, plain, smooth

PACKAGE = str(Path(siren_pde.__file__).parent)
MAKERS = {
    *(torch.tensor, torch.zeros, torch.ones, torch.empty, torch.full, torch.eye, torch.arange),
    *(torch.linspace, torch.logspace, torch.rand, torch.randn, torch.randint, torch.randperm),
    *(torch.as_tensor, torch.from_numpy, torch.tril_indices, torch.triu_indices),
}
STRIP = Box(x=(-1, 1), t=(0, 1))


class Watched(TorchFunctionMode):
    """Notes the lines of the package that make tensors without saying on which device."""

    def __init__(self):
        super().__init__()
        self.lines = set[str]()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        given = kwargs or {}
        known = func is torch.as_tensor and isinstance(args[0], torch.Tensor)
        if func in MAKERS and given.get("device") is None and not known:
            frames = traceback.extract_stack()
            ours = [f for f in frames if f.filename.startswith(PACKAGE)]
            self.lines.update(f"{f.filename}:{f.lineno}: {f.line}" for f in ours[-1:])
        return func(*args, **given)


@on(STRIP)
def burgers(p, u):
    return d(u, p.t) + u * d(u, p.x) - 0.05 * d(u, p.x, p.x)


@on(STRIP)
def heat(p, u):
    return d(u, p.t) - 0.05 * d(u, p.x, p.x)


@on(STRIP.at(t=0))
def start(p, u):
    return u + sin(pi * p.x)


@on(STRIP.at(x=-1) | STRIP.at(x=1))
def ends(p, u):
    return u


def siren():
    return Siren(2, width=8, depth=2, dtype=torch.float64)


def objective(problem, field=None, n=64):
    return objective_of(problem, field or siren(), rule=Sobol(n))


WALKS: dict[str, tuple[Method[Any], Callable[[], Objective]]] = {
    "Adam": (Adam(batch=64), lambda: objective(bent)),
    "Gauss-Newton": (GaussNewton(refresh=1), lambda: objective(bent, n=301)),
    "L-BFGS": (LBFGS(inner=3), lambda: objective(bent)),
    "Broyden": (Broyden(), lambda: objective(bent)),
    "conjugate gradients": (
        ConjugateGradients(probes=2),
        lambda: objective(smooth, Cosines((5, 4), low=(0, 0), high=(1, 1)), 301),
    ),
    "least squares": (LeastSquares(features=80), lambda: objective(plain)),
    "Newton's steps": (LeastSquares(features=40), lambda: objective(bent)),
    "slabs": (
        Marching(features=80, tolerance=1e-3),
        lambda: objective(Problem(burgers, start, ends)),
    ),
    "propagator": (Propagator(features=80), lambda: objective(Problem(heat, start, ends))),
}


@pytest.mark.parametrize("name", WALKS)
def test_methods_make_their_tensors_where_the_field_is(name):
    method, made = WALKS[name]
    with Watched() as seen:
        at = method.start(made())
        for k in range(2):
            at = at if at.finished else method.step(at, Spent(k / 2))
    assert not seen.lines


def test_a_solve_makes_its_tensors_where_the_field_is():
    with Watched() as seen:
        solve(bent, siren(), Adam(batch=64), budget=Budget(steps=2), quiet=True)
    assert not seen.lines


@pytest.mark.slow
def test_a_surface_makes_its_tensors_where_the_network_is():
    x = np.random.default_rng(0).normal(size=(600, 3))
    cloud = PointCloud(x / np.linalg.norm(x, axis=1)[:, None], axes=("x", "y", "z"))
    with Watched() as seen:
        fit_sdf(cloud, steps=20, quiet=True)
    assert not seen.lines


def test_a_tensor_that_says_no_place_is_seen():
    with Watched() as seen:
        planes(objective(plain).collocated)
    assert any("jumps.py" in line for line in seen.lines)


def test_boxes_say_that_they_are_solved_on_processors():
    elsewhere = replace(objective(plain), field=siren().to(device="meta"))
    with pytest.raises(ConfigError, match="boxes on processors, and this field is on `meta`"):
        LocalFeatures().start(elsewhere)
