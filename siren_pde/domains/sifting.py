"""Pieces that only a membership test knows: which points they keep, and how much that is."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from siren_pde.domains.base import Domain, Image, Piece
from siren_pde.domains.predicates import scale
from siren_pde.numerics.sobol import sobol

_REPEATS, _DRAWN = 8, 2**15  # scrambled Sobol sets, and points in each, that estimate a measure


def estimated_measure(piece: Piece, whole: Piece) -> tuple[float, float]:
    """The estimated measure of the part of `whole` that a piece keeps, and the standard error."""
    ratios = []
    for seed in range(_REPEATS):
        u = sobol(_DRAWN if piece.inputs else 1, piece.inputs, seed=seed)
        drawn, kept = all_kept(whole.chart(u)), all_kept(piece.chart(u))
        ratios.append(int(kept.sum()) / max(int(drawn.sum()), 1))
    mean = math.fsum(ratios) / _REPEATS
    spread = math.fsum((ratio - mean) ** 2 for ratio in ratios) / (_REPEATS - 1)
    return whole.measure * mean, whole.measure * math.sqrt(spread / _REPEATS)


def rounding(positions: Tensor, domain: Domain) -> float:
    """A distance large beside the rounding errors of positions and small beside the domain."""
    return 64 * torch.finfo(positions.dtype).eps * scale(domain)


def all_kept(image: Image) -> Tensor:
    """Which points of an image lie in the piece, as a mask (n,)."""
    if image.kept is not None:
        return image.kept
    return torch.ones(len(image.positions), dtype=torch.bool, device=image.positions.device)
