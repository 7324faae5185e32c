"""The sinusoidal network, W sin(… sin(ω W₁ sin(W₀ x̂ + b₀) + …)) + b (Sitzmann et al., 2020)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from siren_pde.errors import ConfigError
from siren_pde.fields.base import Evaluation, Network
from siren_pde.fields.engine import forward_mode, periodic, reverse_mode
from siren_pde.fields.engine.first_layer import Waves
from siren_pde.fields.engine.forward_mode import Layer, Stack
from siren_pde.fields.engine.per_axis import names, periods, reals_per_axis
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.fields.templates import require_size
from siren_pde.files.json_values import JSON, Description, whole
from siren_pde.numerics.checked import require_real, require_seed, require_sizes


@final
class Siren(Network):
    """A sinusoidal network: `depth` sine layers of `width` neurons, then a linear one.

    The first layer is sin(W₀ x̂ + b₀) with x̂ = frequency ⊙ (x − centre), W₀ uniform in [−1, 1] and
    phases b₀ uniform in [−π, π]; hidden ones are sin(ω (W a + b)), W uniform in ±√(6/width)/ω.

    *Main*: `inputs` coordinates and `outputs` values, shapes (n, inputs) → (n,) or (n, outputs);
    `width` (64) and `depth` (2), which automatic choices keep if they are given.

    *Other*: `frequency`, the highest angular frequency the first layer starts with, in radians per
    unit length, one number or one per axis; left out, it is measured from the problem when it is
    solved. `centre` likewise. `hidden_frequency` is ω of the hidden layers: the network starts as
    the same function for every ω, but first-order steps move it ω times as fast (SIREN: 30).
    `seed` makes the initial parameters reproducible.

    `period` makes the network periodic with all its derivatives: a length for each axis, None where
    it is not, such as `Siren(2, period=(2, None))`. Along those axes the first layer's frequencies
    are rounded to multiples of 2π/L, and no method moves them (Benbarka et al., WACV 2022).

    `of` names the coordinates it takes of a problem with more: v(t) is `Siren(1, of=("t",))`.

    Raises ConfigError for sizes below 1, frequencies or periods not positive, or other names.
    """

    frequency: Tensor
    centre: Tensor

    def __init__(
        self,
        inputs: int,
        outputs: int = 1,
        *,
        width: int | None = None,
        depth: int | None = None,
        frequency: float | Sequence[float] | None = None,
        centre: Sequence[float] | None = None,
        hidden_frequency: float = 1.0,
        period: Sequence[float | None] | None = None,
        of: Sequence[str] | None = None,
        seed: int = 0,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        self.has_given_layers = (width, depth) != (None, None)
        width, depth = 64 if width is None else width, 2 if depth is None else depth
        require_sizes("Siren", inputs=inputs, outputs=outputs, width=width, depth=depth)
        require_real("Siren", "hidden_frequency", hidden_frequency)
        require_seed(seed)
        self.inputs, self.outputs, self.width, self.depth = inputs, outputs, width, depth
        self.hidden_frequency, self.seed = hidden_frequency, seed
        self.given_frequency = reals_per_axis(frequency, inputs, "frequency")
        self.given_centre = reals_per_axis(centre, inputs, "centre")
        if min(self.given_frequency or (1.0,)) <= 0:
            raise ConfigError(f"`Siren` frequencies are positive, got {frequency=}.")
        self.period, self.of = periods(period, inputs), names(of, inputs)

        def buffer(values: Sequence[float] | None, default: float) -> Tensor:
            return torch.tensor(values or [default] * inputs, dtype=dtype, device=device)

        self.output_size, self.breadth = outputs * (width + 1), max(width, outputs)
        self.register_buffer("frequency", buffer(self.given_frequency, 1.0))
        self.register_buffer("centre", buffer(self.given_centre, 0.0))
        self.layers = nn.ParameterList(nn.Parameter(p) for p in self._initial())

    def _initial(self) -> list[Tensor]:
        """W₀, b₀, … drawn by the same generator whatever the precision and device."""
        rng = np.random.default_rng(self.seed)
        like = self.frequency
        kind = torch.empty((0,), dtype=like.dtype, device="cpu").numpy().dtype

        def uniform(bound: float, *shape: int) -> Tensor:
            draw = rng.uniform(-bound, bound, shape).astype(kind)
            return torch.tensor(draw, device=like.device)

        h, omega = self.width, self.hidden_frequency
        bound = math.sqrt(6 / h) / omega
        layers = [uniform(1.0, h, self.inputs), uniform(math.pi, h)]
        for _ in range(self.depth - 1):
            layers += [uniform(bound, h, h), uniform(1 / math.sqrt(h), h)]
        return [*layers, uniform(bound, self.outputs, h), like.new_zeros((self.outputs,))]

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Siren:
        """A copy with the same parameters, centred on the box, its first layer at `frequency`.

        What was given, or is known from an earlier solve, stays. Along periodic axes, where
        frequencies cannot adapt, they reach twice as far.
        """
        suited = periodic.reaching(frequency, self.period, 2.0) if self.periodic else frequency
        return self.like(
            list(self.layers),
            frequency=self.given_frequency or tuple(suited.tolist()),
            centre=self.given_centre or tuple(((low + high) / 2).tolist()),
        )

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Siren:
        """One layer of `width` sines, frequencies and phases from a scrambled Sobol sequence.

        Those of a torus are `periodic.drawn`.
        """
        like = self.frequency
        frequency = periodic.reaching(frequency, self.period) if self.periodic else frequency
        waves, phases = periodic.drawn(width, frequency, self.period, seed, listed=not order)
        if order:
            waves = waves * _supports(width, self.inputs, order, seed).to(waves)
        hidden = [waves, phases]
        output = [like.new_zeros((self.outputs, width)), like.new_zeros((self.outputs,))]
        centre = tuple(self.centre.tolist())
        ranges = tuple(frequency.tolist())
        shape = {"width": width, "depth": 1, "frequency": ranges, "centre": centre}
        return self.like([*hidden, *output], **shape)

    def companion(self, share: float, *, widening: float = 1.0, seed: int = 0) -> Siren | None:
        """Other waves of the band of a single layer, along as many axes each.

        On a torus, where waves are listed, those of the wider band are drawn from.
        """
        if self.depth > 1:
            return None
        width, frequency = max(round(share * self.width), 1), widening * self.frequency
        order = int((self.layers[0].detach() != 0).sum(1).max())
        if len(self.periodic) < self.inputs and order == self.inputs:
            return self.with_random_features(width, frequency, seed)
        return self.with_random_features(width, frequency, seed, order)

    def like(self, parameters: Sequence[Tensor] | None = None, **changes: object) -> Siren:
        """A copy of this network, with other parameters or sizes where given."""
        options = {**self.describe(), **changes}
        where = {"dtype": self.frequency.dtype, "device": self.frequency.device}
        copy = Siren(**{**where, **options})  # type: ignore[arg-type]
        if parameters is not None:
            for mine, theirs in zip(copy.layers, parameters, strict=True):
                mine.data.copy_(theirs)
        return copy

    def describe(self) -> dict[str, JSON]:
        """The arguments that make a network of this shape."""
        return {
            "inputs": self.inputs,
            "outputs": self.outputs,
            "width": self.width,
            "depth": self.depth,
            "frequency": self.given_frequency,
            "centre": self.given_centre,
            "hidden_frequency": self.hidden_frequency,
            "period": self.period if self.periodic else None,
            "of": self.of or None,
            "seed": self.seed,
        }

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> Siren:
        """The network described, its free scales as they were."""
        h, inputs, outputs, depth = (
            whole(description, name) for name in ("width", "inputs", "outputs", "depth")
        )
        size = h * (inputs + 1) + (depth - 1) * h * (h + 1) + outputs * (h + 1)
        require_size("`Siren`", size if min(h, inputs, outputs, depth) > 0 else 0, numbers)
        return Siren(**description)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Values (n,) or (n, outputs) at x (n, inputs), as an ordinary differentiable module."""
        a = (x - self.centre) * self.frequency
        first, *hidden, weight, bias = self.layers
        hidden = [self._rounded(first), *hidden]
        for i in range(0, len(hidden), 2):
            omega = self.hidden_frequency if i else 1.0
            a = torch.sin(omega * torch.nn.functional.linear(a, hidden[i], hidden[i + 1]))
        u = torch.nn.functional.linear(a, weight, bias)
        return u[:, 0] if self.outputs == 1 else u

    # ── the engine ────────────────────────────────────────────────────────────────────────────

    def _affine(self, theta: Tensor) -> list[Layer]:
        """The layers as (ω W, ω b, ω), in this order: what the parameters are multiplied by."""
        layers, start = [], 0
        for i in range(0, len(self.layers), 2):
            weight, bias = self.layers[i], self.layers[i + 1]
            w = theta[start : start + weight.numel()].view_as(weight)
            start += weight.numel()
            b = theta[start : start + bias.numel()]
            start += bias.numel()
            omega = self.hidden_frequency if 0 < i < len(self.layers) - 2 else 1.0
            layers.append((w * omega, b * omega, omega) if omega != 1.0 else (w, b, 1.0))
        return layers

    def _layers(self, theta: Tensor) -> list[Layer]:
        """The layers that act: the first one's frequencies rounded where axes are periodic."""
        (first, b, omega), *rest = self._affine(theta)
        return [(self._rounded(first), b, omega), *rest]

    def _rounded(self, first: Tensor) -> Tensor:
        if not self.periodic:
            return first
        return periodic.rounded(first, self.frequency, self.period)

    def _moving(self, moves: Tensor) -> Tensor:
        """Moves (…, p) of θ, zero where rounding holds it; in the same memory."""
        first = self.layers[0]
        for axis in self.periodic:
            moves[..., axis : first.numel() : self.inputs] = 0
        return moves

    def _place(self, x: Tensor) -> Tensor:
        return (x - self.centre) * self.frequency

    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The channels at x (n, inputs): one matrix product per layer for all of them."""
        given = (self._layers(theta), self._place(x), self.frequency)
        channels, tape = forward_mode.forward(*given, plan, space)
        return Evaluation(channels, plan, tape)

    def evaluate_once(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """As `evaluate`, by a reverse sweep where that is cheaper."""
        run = (
            reverse_mode.forward if reverse_mode.suits(plan, self.outputs) else forward_mode.forward
        )
        channels, tape = run(self._layers(theta), self._place(x), self.frequency, plan, space)
        return Evaluation(channels, plan, tape)

    def evaluate_output(self, theta: Tensor, x: Tensor, plan: Plan) -> Evaluation:
        """As `evaluate`; a single layer of sines needs no channels of its own."""
        if self.depth > 1:
            return self.evaluate(theta, x, plan)
        (w, b, _), (weight, bias, _) = self._layers(theta)
        slopes = w * self.frequency
        waves = Waves.of(torch.addmm(b, x - self.centre, slopes.T), slopes, plan)
        return Evaluation(waves.channels(weight, bias), plan, waves)

    def vjp(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds (p,)."""
        if isinstance(at.tape, reverse_mode.Sweep):
            return self._moving(reverse_mode.gradient(at.tape, at.plan, seeds))
        return self._moving(forward_mode.gradient(at.tape_as(Stack), at.plan, seeds))

    def jacobian_rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Per-point gradients (n, p)."""
        return self._moving(forward_mode.jacobian_rows(at.tape_as(Stack), at.plan, seeds, out))

    def output_jacobian_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """The columns (n, outputs · (width + 1)) of the output layer: seeds ⊗ last inputs."""
        if isinstance(at.tape, Waves):
            weights = [at.tape.jacobian_rows(seeds[:, :, j]) for j in range(self.outputs)]
            return torch.cat([*weights, seeds[0]], dim=1)
        a = at.tape_as(Stack).input(self.depth)
        weight = torch.einsum("sno,snh->noh", seeds, a).flatten(1)
        return torch.cat([weight, seeds[0]], dim=1)

    def jvp(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """J·direction (S, n, outputs), forward through the layers."""
        moves = self._affine(self._moving(direction.clone()) if self.periodic else direction)
        return forward_mode.jvp(moves, at.tape_as(Stack), at.plan)


def _supports(width: int, inputs: int, order: int, seed: int) -> Tensor:
    """Which axes each wave varies along (width, inputs): all sets of at most `order` in turn."""
    sets = [c for k in range(1, order + 1) for c in itertools.combinations(range(inputs), k)]
    turns = np.random.default_rng(seed).permutation(len(sets))
    held = np.zeros((width, inputs))
    for wave in range(width):
        held[wave, list(sets[turns[wave % len(sets)]])] = 1.0
    return torch.from_numpy(held)
