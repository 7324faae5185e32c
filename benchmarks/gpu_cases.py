"""What `gpu.py` runs: tests, gradient steps by nested autograd, problems, a scan, a photograph."""

import atexit
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import harness
import numpy as np
import torch
from scipy.spatial import cKDTree

from siren_pde import (
    Adam,
    Box,
    Budget,
    GaussNewton,
    LeastSquares,
    PointCloud,
    Problem,
    Siren,
    fit_sdf,
    lap,
    on,
    sin,
    solve,
)
from siren_pde.cli.script import read_script
from siren_pde.images import photograph

ROOT = Path(__file__).parents[1]
TESTS = {
    "fields": ["tests/fields/test_fields.py"],
    "jets": ["tests/calculus/test_jets.py"],
    "objective": ["tests/collocation/test_objective.py"],
    "methods": ["tests/optimisers/test_methods.py"],
    "loop": ["tests/solving/test_loop.py"],
    "precision": ["tests/numerics/test_precision.py"],
    "surfaces": ["tests/scans/test_fit.py", "-m", ""],
}
"""Files, and how pytest is called besides: of surfaces, most of the fast tests need no device."""
SOLVES = {
    "poisson": LeastSquares(),
    "helmholtz_six": LeastSquares(),
    "burgers": GaussNewton(),
}
"""Problems, and methods that follow the device."""
POINTS, TUBE = 100_000, 0.3
"""Of the scan: points, and the radius of the tube along the knot."""
square = Box(x=(-1, 1), y=(-1, 1))


@on(square)
def laplacian(p, u):
    return lap(u) - sin(3 * p.x) * sin(2 * p.y)


class Tests:
    """All tests under way at once, part by part, each a process of its own, once asked for."""

    def __init__(self, device):
        self._device, self._folder = device, tempfile.TemporaryDirectory()
        self._started = {}

    def _start(self):
        for name, (file, *more) in TESTS.items():
            command = [sys.executable, "-m", "pytest", "-q", file, *(more or ["-m", "not slow"])]
            command += ["--device", str(self._device), "-p", "no:cacheprovider"]
            command += [f"--junit-xml={self._report(name)}"]
            said = self._said(name).open("w")
            process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said)
            atexit.register(process.kill)
            self._started[name] = process

    def _report(self, name):
        return Path(self._folder.name) / f"{name}.xml"

    def _said(self, name):
        return Path(self._folder.name) / f"{name}.txt"

    def ended(self, name, seconds):
        """How the tests of a part end, and how many of them made tensors on the device."""
        if not self._started:
            self._start()
        process = self._started[name]
        try:
            process.wait(seconds)
        finally:
            process.kill()
        said = self._said(name).read_text()
        if process.returncode not in (0, 1) or not self._report(name).exists():
            lines = said.strip().splitlines() or [f"exit {process.returncode}"]
            raise RuntimeError(f"pytest did not run: {lines[-1]}")
        tree = ElementTree.parse(self._report(name))
        suite, cases = next(tree.iter("testsuite")).attrib, [*tree.iter("testcase")]
        failed, skipped = int(suite["failures"]) + int(suite["errors"]), int(suite["skipped"])
        row = {"passed": int(suite["tests"]) - failed - skipped}
        row |= {"failed": failed, "skipped": skipped}
        made = re.search(r"on \S+: (\d+) of \d+ tests made tensors", said)
        row |= {"on the device": int(made[1])} if made else {}
        names = [c.attrib["name"] for c in cases if {"failure", "error"} & {e.tag for e in c}]
        return {**row, "which": names} if names else row


# ── the same step by others ───────────────────────────────────────────────────────────────────


def nested(field, x):
    """The same loss and gradient by nested autograd."""

    def step():
        place = x.clone().requires_grad_()
        first = torch.autograd.grad(field(place).sum(), place, create_graph=True)[0]
        second = [
            torch.autograd.grad(first[:, i].sum(), place, create_graph=True)[0][:, i]
            for i in range(2)
        ]
        r = sum(second) - torch.sin(3 * x[:, 0]) * torch.sin(2 * x[:, 1])
        loss, theta = 0.5 * r.square().mean(), [*field.parameters()]
        gradients = torch.autograd.grad(loss, theta, materialize_grads=True)  # a bias drops out
        return torch.cat([g.flatten() for g in gradients])

    return step


def compiled(field, x):
    """The same by `torch.func`, compiled: `torch.compile` takes no nested `autograd.grad`."""
    named = {name: q.detach() for name, q in field.named_parameters()}
    scales = dict(field.named_buffers())

    def value(parameters, place):
        a = (place - scales["centre"]) * scales["frequency"]
        *hidden, weight, bias = parameters.values()
        for w, b in zip(hidden[::2], hidden[1::2], strict=True):
            a = torch.sin(a @ w.T + b)
        return (a @ weight.T + bias)[..., 0]

    def loss(parameters):
        def second(place):
            twice = torch.func.jacrev(torch.func.jacrev(lambda y: value(parameters, y)))
            return twice(place).diagonal().sum()

        r = torch.func.vmap(second)(x) - torch.sin(3 * x[:, 0]) * torch.sin(2 * x[:, 1])
        return 0.5 * r.square().mean()

    step = torch.compile(torch.func.grad(loss))
    return lambda: torch.cat([g.flatten() for g in step(named).values()])


# ── what is solved and fitted ─────────────────────────────────────────────────────────────────


def solved(name, place, seconds):
    """Seconds and error of a problem of the gallery."""
    problem, method = read_script(ROOT / "problems" / f"{name}.py").problem, SOLVES[name]
    field = None if isinstance(method, LeastSquares) else Siren(len(problem.axes), width=32)
    given = {"device": place, "budget": Budget(seconds=seconds), "estimate": "none"}
    took, answer = harness.timed(lambda: solve(problem, field, method, quiet=True, **given))
    return {"seconds": took, "error": answer.error()}


def knot(t):
    """A curve that winds twice around a torus and three times through it, (n, 3)."""
    around = 2 + np.cos(3 * t)
    return np.stack([around * np.cos(2 * t), around * np.sin(2 * t), np.sin(3 * t)], axis=1)


def tube(n):
    """Points on the tube along the knot, (n, 3), and their normals."""
    t, angle = np.random.default_rng(0).uniform(0, 2 * np.pi, (2, n))
    centre, along = knot(t), knot(t + 1e-5) - knot(t - 1e-5)
    along /= np.linalg.norm(along, axis=1)[:, None]
    across = np.cross(along, np.array([0.0, 0.0, 1.0]))
    across /= np.linalg.norm(across, axis=1)[:, None]
    up = np.cross(along, across)
    normals = np.cos(angle)[:, None] * across + np.sin(angle)[:, None] * up
    return centre + TUBE * normals, normals


def scan(place, seconds, *, quick=False, precision="float32"):
    """Seconds of a fit with its mesh, and the mean distance of the mesh from the true tube."""
    x, normals = tube(2000 if quick else POINTS)
    given = {"seconds": seconds, "device": place, "precision": precision}

    def fitted():
        distance = fit_sdf(PointCloud(x, normals=normals), **given)
        return distance, distance.mesh(32 if quick else 192)

    took, (distance, mesh) = harness.timed(fitted)
    axis, _ = cKDTree(knot(np.linspace(0, 2 * np.pi, 400_000))).query(mesh.vertices)
    off = np.abs(axis - TUBE).mean() / np.linalg.norm(np.ptp(x, axis=0))
    return {"seconds": took, "mean": off, "steps": distance.solution.history.steps[-1]}


def picture(place, seconds, *, quick=False, precision="float32"):
    """Seconds of so many steps for the photograph by a deep network, and the noise ratio in dB."""
    image = photograph(32 if quick else 256)

    @on(PointCloud(image.pixels, axes=("x", "y"), level=image.values.ravel()))
    def grey(p, u):
        return u - p.level

    width = 32 if quick else 256
    field = Siren(2, width=width, depth=4, frequency=30.0, hidden_frequency=30.0)
    method = Adam(rate=5e-4, batch=256 if quick else 16384, precision=precision)
    given = {"device": place, "budget": Budget(seconds=seconds, steps=2000), "estimate": "none"}
    took, answer = harness.timed(lambda: solve(Problem(grey), field, method, quiet=True, **given))
    return {"seconds": took, "psnr": image.psnr(answer), "steps": answer.history.steps[-1]}
