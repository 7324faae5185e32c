"""Periodic axes: along an axis of period L, the frequencies of waves are multiples of 2π/L."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from siren_pde.sequences import sobol

LISTED = 3
"""Up to how many axes the waves of a torus are listed one by one, and beyond, drawn."""

Periods = tuple[float | None, ...]


def pitches(periods: Periods, like: Tensor) -> tuple[Tensor, Tensor]:
    """2π/L of each axis (d,), one where it is not periodic, and whether it is."""
    pitch = like.new_tensor([1.0 if length is None else 2 * math.pi / length for length in periods])
    return pitch, torch.tensor([length is not None for length in periods], device=like.device)


def rounded(weight: Tensor, frequency: Tensor, periods: Periods) -> Tensor:
    """`weight` (h, d), rounded so that weight · frequency is a multiple of 2π/L on each axis."""
    pitch, whole = pitches(periods, weight)
    return torch.where(whole, torch.round(weight * frequency / pitch) * pitch / frequency, weight)


def reaching(frequency: Tensor, periods: Periods, factor: float = 1.0) -> Tensor:
    """Frequencies (d,) up to which uniform waves round to all multiples in equal shares.

    On periodic axes that is half a multiple more than `factor` times the one asked for.
    """
    pitch, whole = pitches(periods, frequency)
    multiples = torch.ceil(factor * frequency / pitch - 1e-6)
    return torch.where(whole, (multiples + 0.5) * pitch, frequency)


def drawn(
    width: int, frequency: Tensor, periods: Periods, seed: int, listed: bool = True
) -> tuple[Tensor, Tensor]:
    """Waves (width, d) in [−1, 1], to be multiplied by `frequency` (d,), and phases (width,).

    Both are from a scrambled Sobol sequence. If all axes are periodic, `frequency` being what
    `reaching` gives, that would draw the same waves again and again: up to `LISTED` axes they are
    listed instead, cosine and sine of each, those first that fill the least part of the box.
    """
    inputs = len(frequency)
    if listed and None not in periods and len(periods) == inputs <= LISTED:
        pitch, _ = pitches(periods, frequency)
        reach = frequency / pitch
        waves = _modes((width + 1) // 2, tuple(reach.tolist()))
        pairs = np.repeat(waves, 2, axis=0)[:width]
        phases = torch.arange(width).to(frequency) % 2 * (math.pi / 2)
        return torch.from_numpy(pairs).to(frequency) / reach, phases
    unit = sobol(width, inputs + 1, seed=seed, dtype=frequency.dtype, device=frequency.device)
    unit = 2 * unit - 1
    return unit[:, :-1], math.pi * unit[:, -1]


def _modes(count: int, reach: tuple[float, ...]) -> np.ndarray:
    """The first `count` integer vectors (count, d) by max |mᵢ|/reachᵢ; of ±m one, zero left out."""
    scale = (2 * count + 1) ** (1 / len(reach)) / (2 * max(reach))
    while math.prod(2 * math.floor(scale * r) + 1 for r in reach) <= 2 * count:
        scale *= 1.05
    tops = [math.floor(scale * r) for r in reach]
    grid = np.meshgrid(*(np.arange(-top, top + 1) for top in tops), indexing="ij")
    points = np.stack([axis.ravel() for axis in grid], axis=1)
    half = points[len(points) // 2 + 1 :]  # the grid is its own mirror image about the middle
    return half[np.argsort(np.abs(half / reach).max(1), kind="stable")[:count]]
