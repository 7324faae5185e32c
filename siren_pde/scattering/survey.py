"""Surveys: waves of point sources, recorded at receivers around an unknown medium."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, final

import numpy as np
import numpy.typing as npt
from torch import Tensor

from siren_pde.calculus.complex import Complex
from siren_pde.calculus.functions import hankel
from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.domains.cloud import PointCloud
from siren_pde.errors import ConfigError, DataFileError, SirenPDEError
from siren_pde.files.variables import read_variables
from siren_pde.problem import Condition

Floats = npt.NDArray[np.float64]
Waves = npt.NDArray[np.complex128]

_TICKS = [0.08 * j - 0.36 for j in range(10)]
SOURCES_BELOW = tuple((0.17 * j, -0.35) for j in range(-2, 3))
RECEIVERS_AROUND = (*((s, 0.4) for s in _TICKS), *((x, s) for x in (-0.4, 0.4) for s in _TICKS))
"""Around the middle of [−½, ½]², as in the data of Sitzmann et al. (2020, § 4.3)."""

ORDERS = 60
"""The most angular orders of the series around a disk."""


class Solved(Protocol):
    """A solution, as far as the misfit needs it."""

    def evaluate(self, expression: Callable[..., object], x: Tensor) -> Tensor:
        """The values of an expression at positions x."""


@final
@dataclass(frozen=True, eq=False)
class Survey:
    """Waves of s sources in the plane, recorded at r receivers: amplitudes `recorded` (r, s).

    `sources` (s, 2), `receivers` (r, 2), wavenumber `k`. The incident field of a source is
    `strength` times −i/4 H₀⁽²⁾(k ρ) at distance ρ; what is recorded is the total field, the sum of
    the incident and the scattered one. Time dependence is exp(+iωt).

    Raises ConfigError if shapes do not fit or a number is not finite.
    """

    sources: Floats
    receivers: Floats
    recorded: Waves
    k: float
    strength: complex = 1.0

    def __post_init__(self) -> None:
        shape = (len(self.receivers), len(self.sources))
        if self.recorded.shape != shape or {self.sources.ndim, self.receivers.ndim} != {2}:
            raise ConfigError(
                f"a `Survey` of sources {self.sources.shape} at receivers {self.receivers.shape} "
                f"needs `recorded` of shape (receivers, sources), got {self.recorded.shape}. "
                "Transpose it if sources come first."
            )
        if not all(np.isfinite(a).all() for a in (self.sources, self.receivers, self.recorded)):
            raise ConfigError(
                "a `Survey` needs finite positions and amplitudes, but some are NaN or infinite. "
                "Drop the receivers or sources that they belong to."
            )

    def incident(self, p: Points) -> list[Complex[Jet]]:
        """The incident field of each source, which empty space would have, at points p."""
        x, y = p
        amplitude = -0.25j * self.strength
        return [
            amplitude * hankel(self.k * ((x - a) ** 2 + (y - b) ** 2) ** 0.5)
            for a, b in self.sources.tolist()
        ]

    def scattered(self, v: Vector) -> list[Complex[Jet]]:
        """The scattered field of each source: 2s outputs of an unknown v, re and im in turn."""
        return [Complex(v[2 * j], v[2 * j + 1]) for j in range(len(self.sources))]

    @property
    def cloud(self) -> PointCloud:
        """The receivers, with the `scattered` field recorded there (r, 2s), re and im in turn."""
        distance = _distances(self.receivers, self.sources)
        scattered = self.recorded + 0.25j * self.strength * _hankel(self.k * distance)
        parts = np.stack([scattered.real, scattered.imag], axis=-1)
        return PointCloud(self.receivers, scattered=parts.reshape(len(scattered), -1))

    @property
    def at_receivers(self) -> Condition:
        """The condition that the unknown `v` is, at the receivers, the scattered field recorded."""

        def at_receivers(p: Points, v: Vector) -> Jet | Vector:
            residual: Jet | Vector = v - p.scattered
            return residual

        return Condition(at_receivers, self.cloud)

    def misfit(self, solution: Solved) -> float:
        """‖v − s‖ / ‖s‖ at the receivers for the scattered field s recorded there; 1 for v = 0."""
        cloud = self.cloud
        recorded = cloud.data["scattered"]
        v = solution.evaluate(lambda p, v: v, cloud.positions)
        return float((v - recorded).norm() / recorded.norm())

    @staticmethod
    def around_disk(
        *,
        k: float,
        radius: float,
        speed: float,
        sources: npt.ArrayLike = SOURCES_BELOW,
        receivers: npt.ArrayLike = RECEIVERS_AROUND,
    ) -> Survey:
        """What is recorded around a disk about 0 in which waves are `speed` times as fast.

        A series in angular orders, exact to rounding. All `sources` and `receivers` are outside;
        left out, five are below and thirty around.
        """
        sources, receivers = np.asarray(sources, float), np.asarray(receivers, float)
        r, rs = (np.linalg.norm(x, axis=1) for x in (receivers, sources))
        angle = np.arctan2(*receivers.T[::-1])[:, None] - np.arctan2(*sources.T[::-1])[None]
        scattered = sum(
            _order(n, k, radius, speed)
            * np.outer(_hankel(k * r, n), _hankel(k * rs, n))
            * np.cos(n * angle)
            for n in range(min(int(2 * k * radius) + 20, ORDERS))
        )
        incident = -0.25j * _hankel(k * _distances(receivers, sources))
        return Survey(sources, receivers, np.asarray(incident + scattered), k)


def read_survey(path: str | os.PathLike[str], *, k: float, strength: complex = 1.0) -> Survey:
    """The survey in a MATLAB file with `source` (s, 2), `receivers` (r, 2), `rec_val` (r, s).

    Outside of it, a Gaussian source of variance σ² is a point source times exp(−k²σ²/2). Those in
    the data of Sitzmann et al. (2020, § 4.3) have k = 20, σ² = 1e-4 and, as f = Δu + k²u, the
    strength −0.98 (1 + i).

    Raises DataFileError if it is missing, damaged or holds something else.
    """
    names = ("source", "receivers", "rec_val")
    try:
        variables = read_variables(Path(path), names)
        sources, receivers, recorded = (np.asarray(variables[name]) for name in names)
        sources, receivers = (np.asarray(a, dtype=np.float64) for a in (sources, receivers))
        return Survey(sources, receivers, recorded.astype(np.complex128), k, strength)
    except (SirenPDEError, OSError, ValueError, TypeError) as cause:  # of a strange shape, too
        raise DataFileError(
            f"`{path}` holds no survey: {type(cause).__name__}: {cause}. It is to be a MATLAB file "
            "with `source` (s, 2), `receivers` (r, 2) and complex `rec_val` (r, s)."
        ) from cause


def _hankel(x: Floats, order: int = 0) -> Waves:
    from scipy.special import hankel2

    return np.asarray(hankel2(order, x))


def _distances(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.linalg.norm(a[:, None] - b[None], axis=2))


def _order(n: int, k: float, radius: float, speed: float) -> complex:
    """The coefficient of Hₙ(kr) Hₙ(kr′) cos nφ in the field scattered by a disk."""
    from scipy.special import h2vp, jv, jvp

    outside, inside = k * radius, k * radius / speed
    slope = jvp(n, inside) / speed
    above = jvp(n, outside) * jv(n, inside) - jv(n, outside) * slope
    below = h2vp(n, outside) * jv(n, inside) - _hankel(np.array(outside), n) * slope
    return complex((1 if n == 0 else 2) * 0.25j * above / below)
