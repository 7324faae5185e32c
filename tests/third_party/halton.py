"""Halton's sequence as a quadrature."""

from dataclasses import dataclass
from typing import final

import torch

from siren_pde.extend import SequenceRule

PRIMES = (2, 3, 5, 7, 11, 13)


@final
@dataclass(frozen=True)
class Halton(SequenceRule):
    """n points of Halton's sequence, shifted at random: for up to six coordinates.

    Sources: Halton, Numer. Math. 2 (1960); Cranley and Patterson, SIAM J. Numer. Anal. 13 (1976).
    """

    def unit_points(self, n, inputs, *, seed, skip):
        shift = torch.rand(inputs, generator=torch.Generator().manual_seed(seed)).double()
        index = torch.arange(skip, skip + n)
        columns = [radical_inverse(index, base) for base in PRIMES[:inputs]]
        return (torch.stack(columns, 1) + shift) % 1


def radical_inverse(index, base):
    """The digits of whole numbers (n,) in a base, mirrored at the point."""
    value, place = torch.zeros(len(index), dtype=torch.float64), 1.0
    while bool(index.any()):
        place /= base
        value += place * (index % base)
        index = index // base
    return value
