"""Where a device is asked for, everything happens there, and the host waits for it seldom.

There is none but the processor here: so what is made has to say where, which a look at every call
of torch shows, and a device that is none (`tests/elsewhere.py`) refuses what a GPU does.
"""

import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

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
    System,
    Unknown,
    d,
    fit_sdf,
    on,
    pi,
    sin,
    solve,
)
from siren_pde.collocation.evaluation import Limits
from siren_pde.collocation.objective import Objective, objective_of
from siren_pde.fields.cosines import Cosines
from siren_pde.fields.parameters import parameters_of
from siren_pde.local_features.discretised import Waves
from siren_pde.local_features.lines import LocalLines
from siren_pde.numerics.least_squares import NormalEquations, least_norm
from siren_pde.numerics.radau import Radau
from siren_pde.optimisers.adam import CHECKED
from siren_pde.optimisers.base import Method, Spent
from siren_pde.optimisers.conjugate_gradients import ConjugateGradients
from siren_pde.scattering import VariableProjection
from siren_pde.solving.solution import Solution
from tests.elsewhere import NAME, PACKAGE, Elsewhere, MixedError, elsewhere, waits
from tests.processes.problems import bent, data, linear, plain, smooth

MAKERS = {
    *(torch.tensor, torch.zeros, torch.ones, torch.empty, torch.full, torch.eye, torch.arange),
    *(torch.linspace, torch.logspace, torch.rand, torch.randn, torch.randint, torch.randperm),
    *(torch.as_tensor, torch.from_numpy, torch.tril_indices, torch.triu_indices),
}
STRIP = Box(x=(-1, 1), t=(0, 1))
SMALL = Waves(24, 4.0)


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


@on(STRIP, weight=1e-6)
def known(p, m):
    return m - 0.05


@on(STRIP)
def slow(p, u, m):
    return d(u, p.t) - m * d(u, p.x, p.x)


@on(STRIP.at(t=0))
def first(p, u, m):
    return u + sin(pi * p.x)


diffusing = Problem(slow, first, known)


def siren():
    return Siren(2, width=8, depth=2, dtype=torch.float64)


def objective(problem, field=None, n=64, *, device="cpu", **options):
    return objective_of(problem, (field or siren()).to(device), rule=Sobol(n), **options)


def there(problem, field=None, n=64, **options):
    """On the device that is none."""
    return objective(problem, field, n, device=NAME, **options)


WALKS: dict[str, tuple[Method[Any], Callable[[], Objective]]] = {
    "Adam": (Adam(batch=64), lambda: there(bent)),
    "Gauss-Newton": (GaussNewton(refresh=1), lambda: there(bent, n=301)),
    "L-BFGS": (LBFGS(inner=3), lambda: there(bent)),
    "Broyden": (Broyden(), lambda: there(bent)),
    "conjugate gradients": (
        ConjugateGradients(probes=2),
        lambda: there(smooth, Cosines((5, 4), low=(0, 0), high=(1, 1)), 301),
    ),
    "least squares": (LeastSquares(features=80), lambda: there(plain)),
    "Newton's steps": (LeastSquares(features=40), lambda: there(bent)),
    "slabs": (
        Marching(features=80, tolerance=1e-3),
        lambda: there(Problem(burgers, start, ends)),
    ),
    "propagator": (Propagator(features=80), lambda: there(Problem(heat, start, ends))),
    "boxes": (LocalFeatures(waves=SMALL, most=800), lambda: there(plain)),
    "boxes of a bent problem": (LocalFeatures(waves=SMALL, most=800), lambda: there(bent)),
    "lines of boxes": (LocalLines(), lambda: there(Problem(heat, start, ends))),
    "variable projection": (
        VariableProjection(features=40, frequency=(6, 6), tolerance=1e-3),
        lambda: there(diffusing, System(m=Unknown(0.3), u=siren())),
    ),
}


TWO = Budget(steps=2)
ROUNDING = 1e4
"""Units of rounding that answers may differ by: steps of Adam amplify the differences of sums."""
SOLVES: dict[str, Callable[[str], Solution]] = {
    "Adam": lambda device: solve(bent, siren(), Adam(batch=64), budget=TWO, **on_(device)),
    "Gauss-Newton": lambda device: solve(bent, siren(), GaussNewton(), budget=TWO, **on_(device)),
    "propagator": lambda device: solve(
        Problem(heat, start, ends), None, Propagator(features=80), **on_(device)
    ),
    "least squares": lambda device: solve(
        plain, None, LeastSquares(features=60), estimate="none", **on_(device)
    ),
}
SLOW_SOLVES: dict[str, Callable[[str], Solution]] = {
    "slabs": lambda device: solve(
        Problem(burgers, start, ends),
        None,
        Marching(features=80, tolerance=3e-2),
        estimate="none",
        **on_(device),
    ),
    "boxes": lambda device: solve(
        bent, None, LocalFeatures(waves=SMALL, most=1200), estimate="none", **on_(device)
    ),
    "lines of boxes": lambda device: solve(
        Problem(heat, start, ends),
        None,
        LocalLines(tolerance=1e-3),
        estimate="none",
        **on_(device),
    ),
    "a surface": lambda device: fit_sdf(sphere(), steps=20, **on_(device)).solution,
}


def on_(device: str) -> dict[str, Any]:
    return {"device": device, "quiet": True}


def sphere():
    x = np.random.default_rng(0).normal(size=(600, 3))
    return PointCloud(x / np.linalg.norm(x, axis=1)[:, None], axes=("x", "y", "z"))


def stepped(method, made, steps=2):
    """The iterates of a few steps on the device, and how often the host waited in each."""
    at, counted = method.start(made()), []
    for k in range(steps):
        with waits() as waited:
            at = at if at.finished else method.step(at, Spent(k / steps))
        counted.append(waited)
        assert isinstance(at.theta, Elsewhere)
    return at, counted


@pytest.mark.parametrize("name", WALKS)
def test_methods_step_on_a_device_and_make_their_tensors_there(name):
    with elsewhere(), Watched() as seen:
        at, _ = stepped(*WALKS[name])
    assert not seen.lines
    assert torch.isfinite(at.theta.cpu()).all()


@pytest.mark.parametrize("name", SOLVES)
def test_solves_on_a_device_end_as_on_the_processor(name):
    alike(SOLVES[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW_SOLVES)
def test_marches_and_surfaces_on_a_device_end_as_on_the_processor(name):
    alike(SLOW_SOLVES[name])


def alike(solved):
    """The fake device computes as the processor does: so the answers are the same, but for the
    rounding of sums in other blocks of points.
    """
    here = solved("cpu")
    with elsewhere() as device, Watched() as seen:
        there = solved(device)
    assert not seen.lines
    assert there.outcome is here.outcome
    ours, theirs = parameters_of(here.field), parameters_of(there.field)
    assert isinstance(theirs, Elsewhere)
    unit = torch.finfo(ours.dtype).eps
    assert (theirs.cpu() - ours).abs().max() <= ROUNDING * unit * ours.abs().max()


def test_the_surface_of_a_device_is_a_mesh():
    with elsewhere() as device:
        distance = fit_sdf(sphere(), steps=2, fast=True, refine=False, width=16, **on_(device))
        mesh = distance.mesh(16)
        assert np.isfinite(distance(np.zeros((2, 3)))).all()
    assert len(mesh.vertices)


# ── how often the host waits ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("problem", [plain, Problem(data)], ids=["equation", "measurements"])
def test_adam_waits_for_a_look_at_its_numbers_only(problem):
    """Once in so many steps; where points are drawn by rejection, for their number besides."""
    with elsewhere():
        _, counted = stepped(Adam(batch=64), lambda: there(problem), CHECKED + 2)
    assert [sum(waited.values()) for waited in counted] == [1, *[0] * (CHECKED - 1), 1, 0]


def test_adam_waits_for_the_number_of_points_kept_by_rejection():
    with elsewhere():
        _, counted = stepped(Adam(batch=64), lambda: there(linear))
    shapes = 2  # the square without a disk, and its boundary
    assert [sum(waited.values()) for waited in counted] == [1 + shapes, shapes]


@pytest.mark.parametrize("block", [50, 400])
def test_gauss_newton_waits_twice_for_every_damping_that_it_tries(block, monkeypatch):
    """Whether the matrix has a factor, and whether the step decreases the loss; besides, once in a
    step, whether numbers are finite. The blocks that the matrix is summed in do not matter.
    """
    tried: list[float] = []
    step = NormalEquations.step

    def counted(system, shift):
        tried.append(shift)
        return step(system, shift)

    monkeypatch.setattr(NormalEquations, "step", counted)
    with elsewhere():
        given = there(plain, n=301, limits=Limits(block=block))
        _, waited = stepped(GaussNewton(refresh=2), lambda: given, 4)
    assert sum(sum(each.values()) for each in waited) == 4 + 2 * len(tried)


# ── what is refused ───────────────────────────────────────────────────────────────────────────


def test_a_tensor_that_says_no_place_is_seen():
    with Watched() as seen:
        Radau.of.__wrapped__(3)  # whose numbers stay on the processor, and are known already
    assert any("radau.py" in line for line in seen.lines)


def test_tensors_of_two_devices_are_seen():
    with elsewhere() as device:
        there = torch.ones(3, device=device)
        assert (there + 1).cpu().tolist() == [2.0, 2.0, 2.0]
        with pytest.raises(MixedError, match="on the processor and on another device"):
            there + torch.ones(3)
        with waits() as waited:
            bool((there > 0).all()), there[[0, 2]], there[there > 0], there.cpu(), there[0]
    assert sum(waited.values()) == 4


def test_drivers_that_a_gpu_has_not_are_seen_and_none_is_called():
    """Systems of any rank are solved on the processor, wherever their matrix is."""
    a, b = torch.ones((4, 2)), torch.arange(4.0)
    with elsewhere() as device:
        there = a.to(device), b.to(device)
        with pytest.raises(RuntimeError, match="`gels` alone"):
            torch.linalg.lstsq(there[0], there[1][:, None], driver="gelsd")
        assert torch.equal(least_norm(*there).cpu(), least_norm(a, b))
    named = [
        path.name
        for path in Path(PACKAGE).rglob("*.py")
        if re.search(r'driver="(?!gels")', path.read_text())
    ]
    assert named == ["least_squares.py"]
