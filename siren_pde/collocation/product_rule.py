"""Products of a quadrature rule on (0, 1) along every unit coordinate of a piece."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.domains.base import Piece
from siren_pde.errors import DomainError

_MOST_NODES = 2**24
"""Nodes of one product rule."""


def product_rule(
    piece: Piece, nodes: tuple[float, ...], weights: tuple[float, ...], like: Tensor
) -> Points:
    """The product of a rule on (0, 1) along every unit coordinate, carried over by the chart."""
    if len(nodes) ** piece.inputs > _MOST_NODES:
        raise DomainError(
            f"{len(nodes)} nodes along each of {piece.inputs} axes are too many points. "
            "Write `Sobol` with as many points as you can afford."
        )
    line, shares = (torch.tensor(v, dtype=like.dtype, device=like.device) for v in (nodes, weights))
    image = piece.chart(_grid(line, piece.inputs))
    points = piece.points(image)
    if len(points) == 0:
        raise DomainError(
            f"none of the {len(image.positions)} nodes lies in {piece!r}. Take more, or `Sobol`."
        )
    if image.kept is not None:
        return points
    return replace(points, weights=piece.measure * _grid(shares, piece.inputs).prod(1))


def _grid(line: Tensor, axes: int) -> Tensor:
    """All combinations of `axes` numbers from a line (n,), shape (nᵏ, k)."""
    if axes == 0:
        return line.new_empty((1, 0))
    return torch.cartesian_prod(*[line] * axes).reshape(-1, axes)


@lru_cache(maxsize=64)
def gauss_legendre(n: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The nodes and weights of the Gauss-Legendre rule on (0, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return tuple(((nodes + 1) / 2).tolist()), tuple((weights / 2).tolist())
