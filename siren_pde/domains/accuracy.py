"""How well the measure of a domain is known."""

from __future__ import annotations

import math

from siren_pde.domains.base import Domain, Piece
from siren_pde.domains.fragments import Fragment, Skin
from siren_pde.domains.implicit import Implicit, Shell
from siren_pde.domains.product import Pair


def standard_error(domain: Domain) -> float:
    """The standard error of `domain.measure`, in its unit; it is 0 where the measure is exact."""
    return math.hypot(*(_of_piece(piece) for piece in domain.pieces))


def _of_piece(piece: Piece) -> float:
    if isinstance(piece, Pair):
        a, b = piece.a, piece.b
        return math.hypot(_of_piece(a) * b.measure, _of_piece(b) * a.measure)
    if isinstance(piece, Fragment | Skin | Implicit | Shell):
        return piece.estimate[1]
    return 0.0
