"""Periodic axes: along an axis of period L, the frequencies of waves are multiples of 2π/L."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from siren_pde.numerics.sobol import sobol

LISTED = 3
"""Up to how many axes the waves of a torus are listed one by one, and beyond, drawn."""
SLACK = 1e-6
"""A frequency that is a multiple but for rounding is that multiple."""

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

    On periodic axes that is half a multiple more than `factor` times the one given.
    """
    pitch, whole = pitches(periods, frequency)
    multiples = torch.ceil(factor * frequency / pitch - SLACK)
    return torch.where(whole, (multiples + 0.5) * pitch, frequency)


def count(frequency: Tensor, periods: Periods) -> int:
    """How many different waves the periodic axes have up to `frequency` (d,), ±m counted as two."""
    if not periods:
        return 1
    pitch, whole = pitches(periods, frequency)
    tops = torch.ceil(frequency / pitch - SLACK)[whole]
    return math.prod(2 * int(top) + 1 for top in tops.tolist())


def drawn(
    width: int, frequency: Tensor, periods: Periods, seed: int, listed: bool = True
) -> tuple[Tensor, Tensor]:
    """Waves (width, d) in [−1, 1], to be multiplied by `frequency` (d,), and phases (width,).

    Both are from a scrambled Sobol sequence, but where axes are periodic, that would draw some
    waves again and again. So, if `listed` and up to `LISTED` axes, they are listed, sine and cosine
    of each: on a torus those first that fill the least part of the box; else all in the box in
    turn, each turn with other frequencies along the other axes, evenly spread along the first.
    """
    inputs, dtype, device = len(frequency), frequency.dtype, frequency.device
    whole = [i for i, length in enumerate(periods) if length is not None]
    others = [i for i in range(inputs) if i not in whole]
    unit = 2 * sobol(width, inputs + 1, seed=seed, dtype=dtype, device=device) - 1
    reach = (frequency / pitches(periods, frequency)[0])[whole] if whole else frequency[:0]
    size = math.prod(2 * int(top) + 1 for top in reach.tolist())
    if not whole or not listed or inputs > LISTED or (others and size > width):
        return unit[:, :-1], math.pi * unit[:, -1]
    half = _modes((size if others else width + 1) // 2, tuple(reach.tolist()))
    modes = torch.from_numpy(half).to(frequency) / reach
    index = torch.arange(width, device=device)
    if not others:
        return modes[index // 2], (index % 2).to(dtype) * (math.pi / 2)
    both = torch.cat([modes.new_zeros((1, len(whole))), modes, -modes])
    turns = index // size
    waves = unit[turns // 2, :-1]
    waves[:, whole] = both[index % size]
    pairs = (width - 1) // size // 2 + 1
    waves[:, others[0]] = ((turns // 2).to(dtype) + 0.5) / pairs
    return waves, (turns % 2).to(dtype) * (math.pi / 2)


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
