"""Shots: waves of point sources, heard at receivers behind an unknown medium."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import numpy.typing as npt

from siren_pde.calculus.complex import Complex
from siren_pde.calculus.functions import hankel
from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points
from siren_pde.domains.cloud import PointCloud
from siren_pde.errors import ConfigError, DataFileError
from siren_pde.problem import Condition

Floats = npt.NDArray[np.float64]
Waves = npt.NDArray[np.complex128]

_TICKS = [0.08 * j - 0.36 for j in range(10)]
BELOW = tuple((0.17 * j, -0.35) for j in range(-2, 3))
AROUND = (*((s, 0.4) for s in _TICKS), *((x, s) for x in (-0.4, 0.4) for s in _TICKS))
"""Sources and receivers around the middle of [−½, ½]²."""

ORDERS = 60
"""The most angular orders of the series around a disk."""


@final
@dataclass(frozen=True, eq=False)
class Shots:
    """What was heard of s sources in the plane at r receivers: complex amplitudes `heard` (r, s).

    `sources` (s, 2), `receivers` (r, 2), wavenumber `k`. Each source alone would send out
    `strength` times −i/4 H₀⁽²⁾(k ρ) at distance ρ. Time dependence is exp(+iωt).

    Raises ConfigError if shapes do not fit or a number is not finite.
    """

    sources: Floats
    receivers: Floats
    heard: Waves
    k: float
    strength: complex = 1.0

    def __post_init__(self) -> None:
        shape = (len(self.receivers), len(self.sources))
        if self.heard.shape != shape or {self.sources.ndim, self.receivers.ndim} != {2}:
            raise ConfigError(
                f"`Shots` of sources {self.sources.shape} at receivers {self.receivers.shape} "
                f"need `heard` of shape (receivers, sources), got {self.heard.shape}."
            )
        if not all(np.isfinite(a).all() for a in (self.sources, self.receivers, self.heard)):
            raise ConfigError("`Shots` need finite positions and amplitudes. Drop the others.")

    def sent(self, p: Points) -> list[Complex[Jet]]:
        """The wave that each source would send through empty space, at points p of the plane."""
        x, y = p
        amplitude = -0.25j * self.strength
        return [
            amplitude * hankel(self.k * ((x - a) ** 2 + (y - b) ** 2) ** 0.5)
            for a, b in self.sources.tolist()
        ]

    @property
    def cloud(self) -> PointCloud:
        """The receivers, with `echo` (r, 2s): what was heard less what was sent, re and im."""
        sent = -0.25j * self.strength * _hankel(self.k * _distances(self.receivers, self.sources))
        echo = self.heard - sent
        parts = np.stack([echo.real, echo.imag], axis=-1).reshape(len(echo), -1)
        return PointCloud(self.receivers, echo=parts)

    def echoes(self, u: Any) -> list[Complex[Jet]]:
        """The echo of each source, of a field u with 2s outputs, re and im in turn."""
        return [Complex(u[2 * j], u[2 * j + 1]) for j in range(len(self.sources))]

    @property
    def heard_by(self) -> Condition:
        """The condition `heard`: that the field `v` is, at the receivers, the echo."""

        def heard(p: Points, v: Any) -> Any:
            return v - p.echo

        return Condition(heard, self.cloud)

    def misfit(self, solution: Any) -> float:
        """‖v − echo‖ / ‖echo‖ at the receivers; 1 for a medium that does not answer."""
        cloud = self.cloud
        found = solution.evaluate(lambda p, v: v, cloud.positions)
        return float((found - cloud.data["echo"]).norm() / cloud.data["echo"].norm())

    @staticmethod
    def around_disk(
        *,
        k: float,
        radius: float,
        speed: float,
        sources: npt.ArrayLike = BELOW,
        receivers: npt.ArrayLike = AROUND,
    ) -> Shots:
        """What is heard around a disk about the origin in which waves are `speed` times as fast.

        A series in angular orders, exact to rounding. All `sources` and `receivers` are outside;
        left out, five are below and thirty around.
        """
        sources, receivers = np.asarray(sources, float), np.asarray(receivers, float)
        r, rs = (np.linalg.norm(x, axis=1) for x in (receivers, sources))
        angle = np.arctan2(*receivers.T[::-1])[:, None] - np.arctan2(*sources.T[::-1])[None]
        echo = sum(
            _order(n, k, radius, speed)
            * np.outer(_hankel(k * r, n), _hankel(k * rs, n))
            * np.cos(n * angle)
            for n in range(min(int(2 * k * radius) + 20, ORDERS))
        )
        sent = -0.25j * _hankel(k * _distances(receivers, sources))
        return Shots(sources, receivers, np.asarray(sent + echo), k)


def read_shots(path: str | os.PathLike[str], *, k: float, strength: complex = 1.0) -> Shots:
    """The shots in a MATLAB file with `source` (s, 2), `receivers` (r, 2), `rec_val` (r, s).

    Gaussian sources of variance σ² are heard as point sources times exp(−k²σ²/2). Those in the data
    of Sitzmann et al. (2020, § 4.3) have k = 20, σ² = 1e-4 and, as f = Δu + k²u, the strength
    −0.98 (1 + i).

    Raises DataFileError if it is missing, damaged or holds something else.
    """
    from scipy.io import loadmat

    try:
        found = loadmat(Path(path), variable_names=("source", "receivers", "rec_val"))
        arrays = [np.asarray(found[n]) for n in ("source", "receivers", "rec_val")]
        sources, receivers = (np.asarray(a, dtype=np.float64) for a in arrays[:2])
        return Shots(sources, receivers, arrays[2].astype(np.complex128), k, strength)
    except Exception as cause:  # a damaged file makes the reader raise anything
        raise DataFileError(
            f"`{path}` holds no shots: {type(cause).__name__}: {cause}. It is to be a MATLAB file "
            "(version 5) with `source` (s, 2), `receivers` (r, 2) and complex `rec_val` (r, s)."
        ) from cause


def _hankel(x: Floats, order: int = 0) -> Any:
    from scipy.special import hankel2

    return hankel2(order, x)


def _distances(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.linalg.norm(a[:, None] - b[None], axis=2))


def _order(n: int, k: float, radius: float, speed: float) -> complex:
    """The coefficient of Hₙ(kr) Hₙ(kr′) cos nφ in the echo of a disk."""
    from scipy.special import h2vp, jv, jvp

    out, inside = k * radius, k * radius / speed
    slope = jvp(n, inside) / speed
    above = jvp(n, out) * jv(n, inside) - jv(n, out) * slope
    below = h2vp(n, out) * jv(n, inside) - _hankel(np.array(out), n) * slope
    return complex((1 if n == 0 else 2) * 0.25j * above / below)
