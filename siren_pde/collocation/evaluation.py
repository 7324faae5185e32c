"""The network side of every product: channels and adjoints, block by block, in lent memory."""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor

from siren_pde.calculus.points import Points
from siren_pde.collocation.expression import Site
from siren_pde.collocation.residual import BoundResidual
from siren_pde.fields.base import Evaluation, Field, Network
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.fields.parameters import split
from siren_pde.problem import Condition

Evaluations = Mapping[Site, Evaluation]
Seeds = dict[Site, Tensor]
Memory = defaultdict[Hashable, Workspace]
Purpose = Literal["products", "gradient", "output"]
Write = Callable[[Network, Tensor, Evaluation, Tensor, Tensor], None]

NEAR, FAR = 4 << 20, 256 << 20
"""Bytes of a layer's channels for one block of points: on a processor, and on other devices."""
SHARE = 64
"""What part of the memory given a layer's channels may take: a few of them are held."""
JACOBIAN = 64 << 20
"""Bytes of J at once, where only JᵀJ is wanted."""


@dataclass(frozen=True, eq=False)
class Rows:
    """A condition's residual at its points, with the scale (n,) of its rows."""

    condition: Condition
    residual: BoundResidual
    points: Points
    scale: Tensor

    @property
    def count(self) -> int:
        """How many rows of r there are: one for each component at each point."""
        return self.residual.components * len(self.points)

    def select(self, piece: slice) -> Rows:
        """The rows of some of the points, with the scale that they have among all."""
        return replace(self, points=self.points.select(piece), scale=self.scale[piece])

    def blocks(self, size: int) -> Iterator[tuple[Points, Tensor]]:
        """The points and their scale in consecutive pieces of at most `size`."""
        for start in range(0, len(self.points), size):
            piece = slice(start, start + size)
            yield self.points.select(piece), self.scale[piece]


@dataclass(frozen=True)
class Limits:
    """How much is evaluated at once: `block` points, and what fits into `memory` bytes.

    Left out, blocks are so large that a network's channels stay near the processor, and memory is
    not bounded.
    """

    block: int | None = None
    memory: int | None = None

    def points(self, rows: Rows, networks: Mapping[str, Network]) -> int:
        """How many points of a condition are evaluated at once."""
        if self.block is not None:
            return self.block
        like = rows.points.positions
        plans = rows.residual.plans.items()
        widest = max(networks[site.network].breadth * len(plan.keys) for site, plan in plans)
        near = NEAR if like.device.type == "cpu" else FAR
        near = near if self.memory is None else min(near, self.memory // SHARE)
        return max(near // (widest * like.element_size()), 1)

    def afford(self, size: int) -> bool:
        """Whether a matrix of `size` bytes may be held whole."""
        return self.memory is None or size <= self.memory // 2

    def for_jacobian(
        self, rows: Sequence[Rows], networks: Mapping[str, Network], row: int
    ) -> Limits:
        """Blocks of so few points that their rows of J, of `row` bytes each, stay small."""
        most = JACOBIAN if self.memory is None else min(JACOBIAN, self.memory // 8)
        components = max((r.residual.components for r in rows), default=1)
        few = min(most // (row * components), *(self.points(r, networks) for r in rows))
        return replace(self, block=max(few, 1))


@dataclass(frozen=True)
class Spaces:
    """Memory that products use again: each set of workspaces serves one product at a time.

    Objectives of one field may share it: a product that begins while another is under way gets a
    set of its own.
    """

    free: list[Memory] = field(default_factory=list)
    matrices: list[Workspace] = field(default_factory=list)

    @contextmanager
    def lent(self) -> Iterator[Memory]:
        """A set of workspaces for the duration of a product."""
        spaces = self.free.pop() if self.free else defaultdict(Workspace)
        try:
            yield spaces
        finally:
            self.free.append(spaces)

    def matrix(self, shape: tuple[int, int], like: Tensor) -> Tensor:
        """An uninitialised matrix, whose memory is used again when nobody holds it any more."""
        space = self.matrices.pop() if self.matrices else Workspace()
        matrix = space.take("matrix", shape, like).view(shape)
        weakref.finalize(matrix, self.matrices.append, space)
        return matrix


@dataclass(frozen=True)
class Evaluator:
    """A field's residuals at θ, and what their Jacobian is made of, in lent memory."""

    field: Field
    limits: Limits
    spaces: Memory

    def split(self, theta: Tensor) -> dict[str, Tensor]:
        """The part of θ that belongs to each network."""
        return split(self.field, theta)

    def channels(
        self,
        theta: Tensor,
        residual: BoundResidual,
        points: Points,
        *,
        purpose: Purpose = "products",
    ) -> dict[Site, Evaluation]:
        """The networks' channels that a residual requires, and tapes good for any product, one
        gradient, or the output layer: until the next evaluation.
        """
        networks, parts, at = self.field.networks(), self.split(theta), {}
        x = residual.positions(self.field, points)
        for site, plan in residual.plans.items():
            network, given = networks[site.network], (parts[site.network], x[site.place], plan)
            if purpose == "output":
                at[site] = network.evaluate_output(*given)
            else:
                run = network.evaluate_once if purpose == "gradient" else network.evaluate
                at[site] = run(*given, self.spaces[site])
        return at

    def residual(self, theta: Tensor, rows: Rows) -> Tensor:
        """The unscaled residuals (n, m) of one condition."""
        parts = []
        for points, _ in rows.blocks(self.limits.points(rows, self.field.networks())):
            at = self.channels(theta, rows.residual, points, purpose="output")
            with torch.no_grad():
                parts.append(rows.residual.residual(self.field, points, channels_of(at)))
        return torch.cat(parts) if parts else theta.new_zeros((0, rows.residual.components))

    def loss_seeds(
        self, theta: Tensor, rows: Sequence[Rows]
    ) -> Iterator[tuple[Tensor, Seeds, Evaluations]]:
        """Blockwise: half the square of the scaled residuals, its seeds, evaluations."""
        for r in rows:
            for points, scale in r.blocks(self.limits.points(r, self.field.networks())):
                at = self.channels(theta, r.residual, points, purpose="gradient")
                given = (self.field, points, channels_of(at))
                half, seeds = r.residual.loss_seeds(*given, scale=scale)
                yield half, seeds, at

    def seeds(
        self, theta: Tensor, rows: Sequence[Rows], *, purpose: Purpose = "products"
    ) -> Iterator[tuple[Tensor, list[Seeds], Evaluations]]:
        """Blockwise: scaled residuals (n, m), seeds per component, evaluations."""
        for part in rows:
            for points, scale in part.blocks(self.limits.points(part, self.field.networks())):
                at = self.channels(theta, part.residual, points, purpose=purpose)
                r, seeds = part.residual.seeds(self.field, points, channels_of(at))
                scaled = [{k: scale[:, None] * v for k, v in seed.items()} for seed in seeds]
                yield scale[:, None] * r, scaled, at

    def jacobian(
        self, theta: Tensor, rows: Sequence[Rows], space: Callable[[int, int], Tensor]
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Blockwise: residuals (k,) and their rows of J (k, p), in the memory that
        space(start, k) gives.
        """
        sizes, start = {name: part.numel() for name, part in self.split(theta).items()}, 0
        for r, seeds, at in self.seeds(theta, rows):
            block = space(start, r.numel())
            start += r.numel()
            self._fill(block.view(*r.shape, -1), theta, (seeds, at), sizes, _jacobian_rows)
            yield r.flatten(), block

    def output_jacobian(self, theta: Tensor, rows: Sequence[Rows]) -> tuple[Tensor, Tensor]:
        """r (N,) and the columns (N, q) of J that belong to the output layers."""
        sizes = {name: net.output_size for name, net in self.field.networks().items()}
        matrix = theta.new_empty((sum(r.count for r in rows), sum(sizes.values())))
        residuals, start = [], 0
        for r, seeds, at in self.seeds(theta, rows, purpose="output"):
            residuals.append(r.flatten())
            block = matrix[start : start + r.numel()].view(*r.shape, -1)
            start += r.numel()
            self._fill(block, theta, (seeds, at), sizes, _output_rows)
        return torch.cat(residuals) if residuals else theta.new_zeros((0,)), matrix

    def _fill(
        self,
        block: Tensor,
        theta: Tensor,
        adjoint: tuple[list[Seeds], Evaluations],
        sizes: dict[str, int],
        write: Write,
    ) -> None:
        """Rows (n, m, columns): of each network that a condition involves, zero for the others."""
        networks, parts, (seeds, at) = self.field.networks(), self.split(theta), adjoint
        for j, seed in enumerate(seeds):
            columns = torch.split(block[:, j], [*sizes.values()], 1)
            for (name, network), out in zip(networks.items(), columns, strict=True):
                sites = [site for site in seed if site.network == name]
                if not sites:
                    out.zero_()
                for k, site in enumerate(sites):  # the network at each place adds to its columns
                    own = torch.empty_like(out) if k else out
                    write(network, parts[name], at[site], seed[site], own)
                    if k:
                        out += own


def channels_of(at: Evaluations) -> dict[Site, Tensor]:
    """The channels of each site."""
    return {site: evaluation.channels for site, evaluation in at.items()}


def _jacobian_rows(
    network: Network, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor
) -> None:
    network.jacobian_rows(theta, at, seeds, out)


def _output_rows(
    network: Network, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor
) -> None:
    out.copy_(network.output_jacobian_rows(theta, at, seeds))
