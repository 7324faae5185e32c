"""A field of local features: in every box of a tree, frozen sines of its own."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn

from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.fields.base import Evaluation, Network, written
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.fields.powers import Powers
from siren_pde.fields.templates import require_size
from siren_pde.files.json_values import JSON, Description, entry, whole
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.numerics.sobol import sobol

BLOCK = 1 << 21
"""Numbers of features that are evaluated at once."""


@final
class LocalSines(Network):
    """N(x) = Σ cₖⱼ sin(Wⱼ ξ + bⱼ) in box k of a tree, ξ = (x − centre) / half sides of the box.

    The waves W (m, d), |W| ≤ `band`, and phases b (m,) are the same in all boxes and frozen; the
    first wave is constant, and all are along the `constant` axes. Parameters are the coefficients
    (K, outputs, m). Box k extends box `owner[k]`, which is itself for most: what lies in it has
    that box's waves. Along axes with a `period` the boxes repeat.

    Source: local random features, here without a partition of unity (Chen, Chi, E and Yang, J.
    Machine Learning 1, 2022).
    """

    def __init__(
        self,
        tree: BoxTree,
        outputs: int,
        *,
        features: int,
        band: float,
        owner: Tensor | None = None,
        period: Sequence[float | None] = (),
        of: Sequence[str] = (),
        constant: Sequence[int] = (),
        seed: int = 0,
        powers: Powers | None = None,
    ) -> None:
        super().__init__()
        boxes, d = tree.low.shape
        like = tree.low
        powers = Powers.none(like) if powers is None else powers
        self.inputs, self.outputs, self.band = d, outputs, float(band)
        self.features = features + powers.count
        self.period, self.of, self.seed = tuple(period), tuple(of), seed
        self.constant = tuple(constant)
        self.has_given_layers, self.breadth = True, self.features
        self.points, self.exponents = nn.Buffer(powers.points), nn.Buffer(powers.exponents)
        axes = [i for i in range(d) if i not in self.constant]
        draws = sobol(features, len(axes) + 1, seed=seed, dtype=like.dtype, device=like.device)
        waves = like.new_zeros((features, d))
        waves[:, axes] = (2 * draws[:, :-1] - 1) * band
        phases = 2 * math.pi * draws[:, -1]
        waves[0], phases[0] = 0.0, math.pi / 2
        everyone = torch.arange(boxes, device=like.device)
        self.waves, self.phases = nn.Buffer(waves), nn.Buffer(phases)
        self.low, self.high = nn.Buffer(tree.low), nn.Buffer(tree.high)
        self.axis, self.cut = nn.Buffer(tree.axis), nn.Buffer(tree.cut)
        self.nodes, self.box = nn.Buffer(tree.children), nn.Buffer(tree.box)
        self.owner = nn.Buffer(everyone if owner is None else owner)
        self.coefficients = nn.Parameter(like.new_zeros((boxes, outputs, self.features)))

    @property
    def tree(self) -> BoxTree:
        """The boxes."""
        return BoxTree(self.low, self.high, self.axis, self.cut, self.nodes, self.box)

    @property
    def sines(self) -> int:
        """How many of the features are sines."""
        return len(self.phases)

    @property
    def powers(self) -> Powers:
        """The others."""
        return Powers(self.points, self.exponents)

    def wrapped(self, x: Tensor) -> Tensor:
        """The points (n, d) moved by whole periods into the boxes."""
        if not self.periodic:
            return x
        columns = list(x.unbind(1))
        low = self.low.amin(0)
        for i, length in enumerate(self.period):
            if length is not None:
                columns[i] = low[i] + (columns[i] - low[i]) % length
        return torch.stack(columns, 1)

    def boxes(self, x: Tensor) -> Tensor:
        """The box (n,) whose waves each point x (n, d) has."""
        owner: Tensor = self.owner[self.tree.locate(self.wrapped(x))]
        return owner

    def derivatives(self, x: Tensor, boxes: Tensor, keys: Sequence[Key]) -> list[Tensor]:
        """The derivatives `keys` of the m waves (n, m) of a box each, at points x (n, d).

        The points lie in the boxes' own period.
        """
        half, centre = self.tree.half[boxes], self.tree.centre[boxes]
        z = torch.addmm(self.phases, (x - centre) / half, self.waves.T)
        even = [isinstance(key, Laplace) or len(key) % 2 == 0 for key in keys]
        sin = torch.sin(z) if any(even) else z
        cos = z.cos_() if not all(even) else z
        out = []
        for key in keys:
            if isinstance(key, Laplace):
                axes = list(key.axes)
                out.append(sin * (-(half[:, axes] ** -2) @ (self.waves[:, axes] ** 2).T))
                continue
            value, order = cos if len(key) % 2 else sin, list(key)
            if order:
                lengths = half[:, order].prod(1, keepdim=True) * (-1.0) ** (len(key) // 2)
                value = (value * self.waves[:, order].prod(1)).div_(lengths)
            out.append(value)
        if self.powers.count:
            singular = self.powers.derivatives(x, centre, keys)
            out = [torch.cat(pair, dim=1) for pair in zip(out, singular, strict=True)]
        return out

    def forward(self, x: Tensor) -> Tensor:
        """Values (n,) or (n, outputs) at x (n, inputs)."""
        y = self.wrapped(x)
        boxes = self.boxes(x)
        (sines,) = self.derivatives(y, boxes, [()])
        u = torch.einsum("nom,nm->no", self.coefficients[boxes], sines)
        return u[:, 0] if self.outputs == 1 else u

    def fineness(self, x: Tensor) -> Tensor:
        """The sides (n,) of the box of each point beside those of the largest box."""
        sizes = self.tree.half.log().mean(1).exp()
        return (sizes / sizes.max())[self.boxes(x)]

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> LocalSines:
        """A copy: its boxes have their scales."""
        return copy.deepcopy(self)

    def describe(self) -> dict[str, JSON]:
        """Its sizes; boxes and waves are stored beside its parameters."""
        return {
            "nodes": len(self.axis),
            "boxes": len(self.low),
            "inputs": self.inputs,
            "outputs": self.outputs,
            "features": self.sines,
            "points": len(self.points),
            "exponents": self.exponents.shape[1],
            "band": self.band,
            "period": self.period or None,
            "of": self.of or None,
            "constant": self.constant or None,
            "seed": self.seed,
        }

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> LocalSines:
        """The field described, its boxes to be filled in."""
        nodes, boxes, d, outputs, features = (
            whole(description, name) for name in ("nodes", "boxes", "inputs", "outputs", "features")
        )
        points, exponents = (whole(description, name) for name in ("points", "exponents"))
        size = (
            boxes * (outputs * (features + 2 * exponents) + 2 * d + 1)
            + features * (d + 1)
            + 5 * nodes
        )
        require_size("`LocalSines`", size if min(nodes, boxes, d, features) > 0 else 0, numbers)
        tree = BoxTree.empty(nodes, boxes, d)
        names = ("band", "period", "of", "constant", "seed")
        given = {name: entry(description, name) for name in names}
        given = {name: value for name, value in given.items() if value is not None}
        like = tree.low
        powers = Powers(like.new_zeros((points, 2)), like.new_zeros((points, exponents)))
        return cls(tree, outputs, features=features, powers=powers, **given)  # type: ignore[arg-type]

    # ── the engine ────────────────────────────────────────────────────────────────────────────

    def _blocks(self, n: int) -> list[slice]:
        size = max(BLOCK // self.features, 1)
        return [slice(i, i + size) for i in range(0, n, size)]

    def by_box(self, theta: Tensor) -> Tensor:
        """θ as the coefficients (K, outputs, m) of each box."""
        return theta.view_as(self.coefficients)

    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The channels (S, n, outputs), each point by the waves of its box."""
        boxes, y, own = self.boxes(x), self.wrapped(x), self.by_box(theta)
        channels = x.new_empty((len(plan.keys), len(x), self.outputs))
        for block in self._blocks(len(x)):
            c = own[boxes[block]]
            for k, value in enumerate(self.derivatives(y[block], boxes[block], plan.keys)):
                channels[k, block] = torch.einsum("nom,nm->no", c, value)
        return Evaluation(channels, plan, (y, boxes))

    def vjp(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds (p,)."""
        out = torch.zeros_like(self.by_box(theta))
        y, boxes = at.tape_as(tuple)
        for block in self._blocks(len(y)):
            rows = self.rows(y[block], boxes[block], at.plan, seeds[:, block])
            out.index_add_(0, boxes[block], rows)
        return out.flatten()

    def rows(self, x: Tensor, boxes: Tensor, plan: Plan, seeds: Tensor) -> Tensor:
        """Σ seeds · channels by the coefficients of each point's box, (n, outputs, m)."""
        total = x.new_zeros((len(x), self.outputs, self.features))
        for k, value in enumerate(self.derivatives(x, boxes, plan.keys)):
            if bool(seeds[k].any()):
                total += seeds[k][:, :, None] * value[:, None, :]
        return total

    def jacobian_rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Per-point gradients (n, p): zero but for the box that a point is in."""
        y, boxes = at.tape_as(tuple)
        dense = theta.new_zeros((len(y), *self.coefficients.shape))
        dense[torch.arange(len(y)), boxes] = self.rows(y, boxes, at.plan, seeds)
        return written(dense.flatten(1), out)

    def output_jacobian_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """No columns (n, 0): dense rows of all boxes would mostly be zeros."""
        return seeds.new_zeros((seeds.shape[1], 0))

    def jvp(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """J·direction (S, n, outputs)."""
        y, boxes = at.tape_as(tuple)
        own, moved = self.by_box(direction), torch.empty_like(at.channels)
        for block in self._blocks(len(y)):
            c = own[boxes[block]]
            for k, value in enumerate(self.derivatives(y[block], boxes[block], at.plan.keys)):
                moved[k, block] = torch.einsum("nom,nm->no", c, value)
        return moved
