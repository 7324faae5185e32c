"""A field made of others, each in its own interval of one axis: the slabs of a march in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from siren_pde.errors import ConfigError
from siren_pde.fields.base import Evaluation, Field, Network
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.fields.storage import described, restored_network
from siren_pde.files.json_values import JSON, Description, entry, reals, row, whole


@dataclass(frozen=True)
class Pieces:
    """The tape: which points (k,) each network has, and its evaluation there, if there are any."""

    pieces: list[tuple[Tensor, Evaluation | None]]


@final
class Piecewise(Network):
    """One network after the other along an axis: number k where breaks[k − 1] < x_axis ≤ breaks[k].

    The first and the last reach as far as points do. `breaks` are the ends in between, in
    ascending order, one fewer than networks. Raises ConfigError if their numbers do not match.
    """

    def __init__(self, axis: int, breaks: Sequence[float], networks: Sequence[Network]) -> None:
        super().__init__()
        if len(networks) != len(breaks) + 1:
            raise ConfigError(
                f"{len(networks)} pieces have {len(networks) - 1} breaks, got {breaks}."
            )
        self.axis, self.breaks = axis, tuple(map(float, breaks))
        self.parts = nn.ModuleList(networks)
        self.inputs, self.outputs = networks[0].inputs, networks[0].outputs
        self.of, self.constant = networks[0].of, networks[0].constant
        self.output_size, self.has_given_layers, self.period = 0, True, networks[0].period

    @property
    def networks_in_order(self) -> list[Network]:
        """The networks, first interval first."""
        return [part for part in self.parts if isinstance(part, Network)]

    def forward(self, x: Tensor) -> Tensor:
        """Values (n,) or (n, outputs) at x (n, inputs)."""
        values = x.new_zeros((len(x), self.outputs))
        for network, index in zip(self.networks_in_order, self._indices(x), strict=True):
            values[index] = network(x[index]).view(-1, self.outputs)
        return values[:, 0] if self.outputs == 1 else values

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Piecewise:
        """The pieces scaled, each to the whole box."""
        networks = [network.scaled_to(low, high, frequency) for network in self.networks_in_order]
        return Piecewise(self.axis, self.breaks, networks)

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Piecewise:
        """The pieces' frozen features."""
        networks = [
            network.with_random_features(width, frequency, seed, order)
            for network in self.networks_in_order
        ]
        return Piecewise(self.axis, self.breaks, networks)

    def describe(self) -> dict[str, JSON]:
        """Its axis, breaks and networks."""
        parts = [described(network) for network in self.networks_in_order]
        return {"axis": self.axis, "breaks": self.breaks, "parts": parts}

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> Piecewise:
        """The pieces described; of code, all are the template's."""
        parts = row(entry(description, "parts"), "parts")
        networks = [restored_network(part, template, numbers) for part in parts]
        return Piecewise(whole(description, "axis"), reals(description, "breaks"), networks)

    def _indices(self, x: Tensor) -> list[Tensor]:
        ends = x.new_tensor(self.breaks)
        which = torch.searchsorted(ends, x[:, self.axis].contiguous())
        return [torch.nonzero(which == k)[:, 0] for k in range(len(self.parts))]

    @property
    def _sizes(self) -> list[int]:
        return [sum(q.numel() for q in network.parameters()) for network in self.networks_in_order]

    def _split(self, theta: Tensor) -> tuple[Tensor, ...]:
        return torch.split(theta, self._sizes)

    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The channels (S, n, outputs), each point by the piece it is in."""
        channels = x.new_zeros((len(plan.keys), len(x), self.outputs))
        pieces: list[tuple[Tensor, Evaluation | None]] = []
        parts = zip(self.networks_in_order, self._split(theta), self._indices(x), strict=True)
        for network, part, index in parts:
            at = network.evaluate(part, x[index], plan) if len(index) else None
            if at is not None:
                channels[:, index] = at.channels
            pieces.append((index, at))
        return Evaluation(channels, plan, Pieces(pieces))

    def _each(
        self,
        theta: Tensor,
        at: Evaluation,
        use: Callable[[Network, Tensor, Evaluation, Tensor], None],
    ) -> None:
        parts = zip(
            self.networks_in_order, self._split(theta), at.tape_as(Pieces).pieces, strict=True
        )
        for network, part, (index, inner) in parts:
            if inner is not None:
                use(network, part, inner, index)

    def vjp(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds (p,)."""
        out = torch.zeros_like(theta)
        slices = dict(zip(map(id, self.networks_in_order), self._split(out), strict=True))

        def use(network: Network, part: Tensor, inner: Evaluation, index: Tensor) -> None:
            slices[id(network)].copy_(network.vjp(part, inner, seeds[:, index]))

        self._each(theta, at, use)
        return out

    def jacobian_rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Per-point gradients (n, p): zero but for the piece that a point is in."""
        shape = (seeds.shape[1], theta.numel())
        out = theta.new_zeros(shape) if out is None else out.zero_()
        slices = dict(zip(map(id, self.networks_in_order), self._split_columns(out), strict=True))

        def use(network: Network, part: Tensor, inner: Evaluation, index: Tensor) -> None:
            slices[id(network)][index] = network.jacobian_rows(part, inner, seeds[:, index])

        self._each(theta, at, use)
        return out

    def _split_columns(self, rows: Tensor) -> tuple[Tensor, ...]:
        return torch.split(rows, self._sizes, dim=1)

    def output_jacobian_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """No columns (n, 0): the pieces are determined one after the other."""
        return seeds.new_zeros((seeds.shape[1], 0))

    def jvp(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """J·direction (S, n, outputs)."""
        moved = torch.zeros_like(at.channels)
        moves = dict(zip(map(id, self.networks_in_order), self._split(direction), strict=True))

        def use(network: Network, part: Tensor, inner: Evaluation, index: Tensor) -> None:
            moved[:, index] = network.jvp(part, inner, moves[id(network)])

        self._each(theta, at, use)
        return moved


def joined(axis: int, breaks: Sequence[float], fields: Sequence[Field]) -> Field:
    """Fields of one structure, one after the other along an axis, network by network."""
    columns = zip(*(field.networks().values() for field in fields), strict=True)

    def change(network: Network) -> Network:
        return Piecewise(axis, breaks, next(columns))

    return fields[0].rebuilt(change)
