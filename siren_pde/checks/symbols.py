"""Linear operators in residuals: the coefficients of derivatives at points, and their symbols."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.checks.probe import Channels, Probe
from siren_pde.collocation.expression import Site


@dataclass(frozen=True, eq=False)
class Operator:
    """What one component of a residual does to one output: a coefficient (n,) by derivative."""

    terms: dict[Key, Tensor]

    def coefficient(self, key: Key) -> Tensor:
        """The coefficient (n,) of one derivative, the Laplacian's share in it included."""
        zero = torch.zeros_like(next(iter(self.terms.values())))
        total = self.terms.get(key, zero)
        if isinstance(key, tuple) and len(key) == 2 and key[0] == key[1]:
            for other, value in self.terms.items():
                if isinstance(other, Laplace) and key[0] in other.axes:
                    total = total + value
        return total

    def of_degree(self, degree: int) -> Operator:
        """The terms that differentiate so often."""
        return Operator({k: v for k, v in self.terms.items() if differentiations(k) == degree})

    def symbol(self, direction: Tensor) -> Tensor:
        """Σ coefficient · Π ξᵢ (n,) for directions ξ, shape (n, d) or (d,)."""
        xi = direction.expand(len(next(iter(self.terms.values()))), -1)
        total = torch.zeros_like(xi[:, 0])
        for key, value in self.terms.items():
            if isinstance(key, Laplace):
                total = total + value * xi[:, list(key.axes)].square().sum(1)
            else:
                total = total + value * xi[:, list(key)].prod(1)
        return total


def differentiations(key: Key) -> int:
    """How often a derivative differentiates."""
    return 2 if isinstance(key, Laplace) else len(key)


def axes_of(key: Key) -> tuple[int, ...]:
    """The coordinates along which a derivative differentiates."""
    return key.axes if isinstance(key, Laplace) else key


def operators(
    p: Probe, unknown: str, output: int, channels: Channels | None = None
) -> Iterator[Operator]:
    """Of each component that depends on one output of an unknown, its operator on it.

    It is linearised at `channels`, by default at positive random values of all derivatives.
    """
    at = p.random(0) if channels is None else channels
    _, seeds = p.bound.seeds(p.bound.structure, p.points, at)
    mine = [s for s in p.slots if (s.site, s.output) == (Site(unknown), output)]
    for seed in seeds:
        columns = {s.key: seed[s.site][s.channel, :, output] for s in mine}
        terms = {key: c for key, c in columns.items() if bool((c != 0).any())}
        if terms:
            yield Operator(terms)
