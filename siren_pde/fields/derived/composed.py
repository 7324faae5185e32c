"""A field in other coordinates, u(x) = N(ξ(x)): the chain rule between two plans."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Part, chain
from siren_pde.calculus.jets import Coordinate, Jet
from siren_pde.fields.base import Evaluation, Network
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace


@dataclass(frozen=True)
class Entry:
    """factor (n,) times an inner channel: one summand of an outer channel."""

    channel: int
    inner: int
    factor: Part


@dataclass(frozen=True)
class Chain:
    """The tape: what N evaluated, and how its channels combine."""

    inner: Evaluation
    table: list[Entry]


class Composed(Network, ABC):
    """The field N(ξ(x)) around a network N; a member of the family says what ξ is.

    Its derivatives follow from those of N by the chain rule, so every product with the Jacobian is
    one of N with other seeds.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.inputs, self.outputs, self.breadth = network.inputs, network.outputs, network.breadth
        self.output_size, self.has_given_layers = network.output_size, network.has_given_layers
        self.of = network.of

    @abstractmethod
    def coordinates(self, x: Tensor) -> Sequence[Jet]:
        """ξ as jets at x (n, inputs), one for each coordinate of N."""

    def forward(self, x: Tensor) -> Tensor:
        """Values (n,) or (n, outputs) at x (n, inputs)."""
        values: Tensor = self.network(self._place(x, self.coordinates(x)))
        return values

    def _place(self, x: Tensor, xi: Sequence[Jet]) -> Tensor:
        return torch.stack([x.new_zeros(len(x)) + jet.part(()) for jet in xi], 1)

    def _given(self, x: Tensor, plan: Plan) -> tuple[Tensor, Plan, list[Entry]]:
        """ξ(x), the plan of N there, and what of its channels makes up those of `plan`."""
        xi, terms = self.coordinates(x), []
        for i, key in enumerate(plan.keys):
            terms += [(i, *term) for term in chain(key, [jet.part for jet in xi]).items()]
        inner = Plan.closing({key for _, key, _ in terms})
        table = [Entry(i, j, factor) for i, key, factor in terms for j in inner.summands(key)]
        return self._place(x, xi), inner, table

    def _combined(self, at: Evaluation, plan: Plan, table: list[Entry]) -> Evaluation:
        channels = at.channels.new_zeros((len(plan.keys), *at.channels.shape[1:]))
        for e in table:
            channels[e.channel] += _times(e.factor, at.channels[e.inner])
        return Evaluation(channels, plan, Chain(at, table))

    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The channels at x (n, inputs), by the chain rule."""
        place, inner, table = self._given(x, plan)
        return self._combined(self.network.evaluate(theta, place, inner, space), plan, table)

    def evaluate_once(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """As `evaluate`, for one `vjp`."""
        place, inner, table = self._given(x, plan)
        return self._combined(self.network.evaluate_once(theta, place, inner, space), plan, table)

    def evaluate_output(self, theta: Tensor, x: Tensor, plan: Plan) -> Evaluation:
        """As `evaluate`, for the output layer alone."""
        place, inner, table = self._given(x, plan)
        return self._combined(self.network.evaluate_output(theta, place, inner), plan, table)

    @staticmethod
    def _seeds(at: Evaluation, seeds: Tensor) -> tuple[Evaluation, Tensor]:
        chain = at.tape_as(Chain)
        inner = seeds.new_zeros((len(chain.inner.plan.keys), *seeds.shape[1:]))
        for e in chain.table:
            inner[e.inner] += _times(e.factor, seeds[e.channel])
        return chain.inner, inner

    def vjp(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds (p,)."""
        return self.network.vjp(theta, *self._seeds(at, seeds))

    def jacobian_rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Per-point gradients (n, p)."""
        return self.network.jacobian_rows(theta, *self._seeds(at, seeds), out)

    def output_jacobian_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """The columns (n, output_size) of the output layer."""
        return self.network.output_jacobian_rows(theta, *self._seeds(at, seeds))

    def jvp(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """J·direction (S, n, outputs)."""
        chain = at.tape_as(Chain)
        moved = self.network.jvp(theta, chain.inner, direction)
        inner = Evaluation(moved, chain.inner.plan, None)
        return self._combined(inner, at.plan, chain.table).channels


def coordinates_of(x: Tensor) -> tuple[Coordinate, ...]:
    """The columns of x (n, d) as jets."""
    frame = tuple(f"x{i}" for i in range(x.shape[1]))
    return tuple(Coordinate(column, i, frame) for i, column in enumerate(x.unbind(1)))


def _times(factor: Part, values: Tensor) -> Tensor:
    return factor * values if isinstance(factor, float) else factor[:, None] * values
