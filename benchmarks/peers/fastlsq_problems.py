"""The twelve problems that FastLSQ is published with, by our files' names: those of
`benchmarks/fastlsq`. Equations are the library's own; solutions are here to measure errors by.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

POINTS = 17711
"""As many as other peers are measured at."""
BALL = 5
"""Coordinates in space where the domain is a ball of radius 1 in time (0, 1)."""


@dataclass(frozen=True)
class OwnProblem:
    """A class of FastLSQ's by its name; its axes, all from 0 to 1 but for `ball`; its solution at
    points (n, axes), values (n,) or (n, unknowns).
    """

    name: str
    title: str
    axes: int
    exact: Callable[[np.ndarray], np.ndarray]
    linear: bool = True
    ball: bool = False

    def points(self) -> np.ndarray:
        """Where errors are measured: a Kronecker sequence (Roberts, 2018) in the domain."""
        root = 2.0
        for _ in range(64):
            root = (1 + root) ** (1 / (self.axes + 1))
        steps = root ** -np.arange(1.0, self.axes + 1)
        many = 8 * POINTS if self.ball else POINTS  # a ball has a sixth of its cube
        x = (0.5 + np.arange(many)[:, None] * steps) % 1
        if not self.ball:
            return x
        x[:, :BALL] = 2 * x[:, :BALL] - 1
        return x[(x[:, :BALL] ** 2).sum(1) < 1]

    def errors(self, values: np.ndarray) -> tuple[float, float]:
        """Relative errors in L² and in the maximum norm of values at those points."""
        truth = self.exact(self.points())
        off = np.asarray(values, dtype=float).reshape(truth.shape) - truth
        largest = np.abs(off).max() / np.abs(truth).max()
        return float(np.linalg.norm(off) / np.linalg.norm(truth)), float(largest)


def bubble(x: np.ndarray, k: float = math.pi) -> np.ndarray:
    """sin kx · sin ky."""
    return np.asarray(np.sin(k * x[:, 0]) * np.sin(k * x[:, 1]))


def string(x: np.ndarray, k: float) -> np.ndarray:
    """A standing wave of speed 2."""
    return np.asarray(np.sin(k * math.pi * x[:, 0]) * np.cos(2 * k * math.pi * x[:, 1]))


def displacements(x: np.ndarray) -> np.ndarray:
    """A pressure wave of speed 2 in a time of 2, the gradient of a standing wave."""
    a, b, c = math.pi * x[:, 0], math.pi * x[:, 1], 4 * math.sqrt(2) * math.pi * x[:, 2]
    each = [np.cos(a) * np.sin(b), np.sin(a) * np.cos(b)]
    return np.stack([math.pi * shape * np.cos(c) for shape in each], 1)


OWN = {
    each.name: each
    for each in (
        OwnProblem("poisson_5d", "PoissonND", 5, lambda x: np.sin(math.pi / 2 * x).sum(1)),
        OwnProblem(
            "heat_5d",
            "HeatND",
            6,
            lambda x: np.exp((x[:, :BALL] ** 2).sum(1) / 2 + x[:, BALL]),
            ball=True,
        ),
        OwnProblem("wave_1d", "Wave1D", 2, lambda x: string(x, 1) + string(x, 4) / 2),
        OwnProblem(
            "wave_anisotropic",
            "Wave2D_MS",
            3,
            lambda x: bubble(x) * np.cos(4 * math.sqrt(3) * math.pi * x[:, 2]),
        ),
        OwnProblem("elastic_wave", "ElasticWave2D", 3, displacements),
        OwnProblem("helmholtz_k10", "Helmholtz2D", 2, lambda x: bubble(x, 10)),
        OwnProblem(
            "maxwell_tm",
            "Maxwell2D_TM",
            3,
            lambda x: bubble(x) * np.cos(math.sqrt(2) * math.pi * x[:, 2]),
        ),
        OwnProblem("nonlinear_poisson", "NLPoisson2D", 2, bubble, linear=False),
        OwnProblem("bratu", "Bratu2D", 2, bubble, linear=False),
        OwnProblem(
            "steady_burgers",
            "SteadyBurgers1D",
            1,
            lambda x: np.sin(2 * math.pi * x[:, 0]),
            linear=False,
        ),
        OwnProblem("nonlinear_helmholtz", "NLHelmholtz2D", 2, lambda x: bubble(x, 3), linear=False),
        OwnProblem(
            "steady_allen_cahn",
            "AllenCahn1D",
            1,
            lambda x: np.sin(math.pi * x[:, 0]),
            linear=False,
        ),
    )
}
