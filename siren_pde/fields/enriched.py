"""A field plus given functions with coefficients to determine: u = N + Σ cₖ sₖ."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import final

import torch
from torch import Tensor, nn

from siren_pde.calculus.jets import Constant, Jet
from siren_pde.calculus.points import Points
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Evaluation, Field, Network, Quantity
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.fields.storage import described, restored_network
from siren_pde.fields.templates import require_template
from siren_pde.files.json_values import JSON, Description, entry


@final
class Enriched(Field):
    """A network plus what it resolves badly: u = N(x) + Σ cₖ sₖ(x), the coefficients cₖ unknown.

    `functions(p)` gives the sₖ in the algebra of jets, `terms` of them: the singular functions of
    a corner, the logarithms and poles in holes. The coefficients belong to the output layer, so
    that a linear problem stays a linear least-squares problem. `field` is N, with one output.

    Raises ConfigError if `field` is no network with one output, or `functions` gives another
    number of them.

    Source: singular functions as additional trial functions, Fix, Gulati and Wakoff, J. Comput.
    Phys. 13 (1973).
    """

    def __init__(
        self, field: Network, functions: Callable[[Points], Sequence[object]], *, terms: int
    ) -> None:
        super().__init__()
        if not isinstance(field, Network) or field.outputs != 1 or not field.inputs:
            raise ConfigError(
                "`Enriched` is built around one network with one output such as `Siren(2)`, got "
                f"{type(field).__name__}. In a system, enrich each unknown by itself."
            )
        if terms < 1:
            raise ConfigError(f"`Enriched` needs at least one term, got {terms}.")
        self.functions, self.terms = functions, terms
        self.network = Beside(field, terms)

    def networks(self) -> dict[str, Network]:
        """The network with the coefficients beside it."""
        return {"u": self.network}

    def unknowns(self, p: Points, jets: Mapping[str, Quantity]) -> dict[str, Quantity]:
        """N + Σ cₖ sₖ, in the algebra of jets."""
        coefficients: list[Jet]
        u, *coefficients = jets["u"]
        functions = list(self.functions(p))
        if len(functions) != self.terms:
            raise ConfigError(
                f"`Enriched` was announced {self.terms} terms, but its functions are "
                f"{len(functions)}. Write `terms={len(functions)}`."
            )
        for c, s in zip(coefficients, functions, strict=True):
            u = u + Constant(c.value) * s
        return {"u": u}

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Enriched:
        """The same functions beside a scaled network."""
        return self._around(self.network.scaled_to(low, high, frequency))

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Enriched:
        """The same functions beside frozen features."""
        return self._around(self.network.with_random_features(width, frequency, seed, order))

    def rebuilt(self, change: Callable[[Network], Network]) -> Enriched:
        """The same functions, with the changed network and as many coefficients."""
        return self._around(self.network.beside(change(self.network.network)))

    def describe(self) -> dict[str, JSON]:
        """What its network is made of; the functions are not stored."""
        return {"field": described(self.network.network)}

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> Enriched:
        """The template's functions beside the network described."""
        reason = "holds Python functions"
        given = require_template(template, Enriched, reason)
        network = restored_network(entry(description, "field"), given.network.network, numbers)
        return Enriched(network, given.functions, terms=given.terms)

    def _around(self, network: Beside) -> Enriched:
        changed = Enriched(network.network, self.functions, terms=self.terms)
        changed.network = network
        return changed


@final
class Beside(Network):
    """A network and constants beside it, as further outputs: values (n, 1 + k)."""

    def __init__(self, network: Network, constants: int) -> None:
        super().__init__()
        self.network = network
        like = next(network.parameters())
        zeros = torch.zeros(constants, dtype=like.dtype, device=like.device)
        # a list is a module, whose parameters come after those of the network
        self.constants = nn.ParameterList([nn.Parameter(zeros)])
        self.inputs, self.outputs = network.inputs, network.outputs + constants
        self.output_size, self.has_given_layers = (
            network.output_size + constants,
            network.has_given_layers,
        )
        self.breadth, self.period = network.breadth, network.period
        self.of, self.constant = network.of, network.constant

    @property
    def numbers(self) -> Tensor:
        """The constants (k,)."""
        constants: Tensor = self.constants[0]
        return constants

    def forward(self, x: Tensor) -> Tensor:
        """Values (n, 1 + k) at x (n, inputs)."""
        values: Tensor = self.network(x)
        return torch.cat([values[:, None], self.numbers.expand(len(x), -1)], dim=1)

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Beside:
        """The constants beside the scaled network."""
        return self.beside(self.network.scaled_to(low, high, frequency))

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Beside:
        """The constants beside frozen features."""
        return self.beside(self.network.with_random_features(width, frequency, seed, order))

    def companion(self, share: float, *, widening: float = 1.0, seed: int = 0) -> Beside | None:
        """The constants beside the network's companion."""
        network = self.network.companion(share, widening=widening, seed=seed)
        return None if network is None else self.beside(network)

    def beside(self, network: Network) -> Beside:
        """The same constants beside another network."""
        changed = Beside(network, len(self.numbers))
        changed.constants = copy.deepcopy(self.constants)
        return changed

    def _divided(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        k = len(self.numbers)
        inner, numbers = torch.split(theta, [theta.numel() - k, k])
        return inner, numbers

    def _joined(self, at: Evaluation, numbers: Tensor) -> Evaluation:
        channels = at.channels
        constants = channels.new_zeros((*channels.shape[:2], len(numbers)))
        constants[0] = numbers
        return Evaluation(torch.cat([channels, constants], dim=2), at.plan, at)

    def channels(self, theta: Tensor, x: Tensor, plan: Plan) -> Tensor:
        """The network's, and the constants with derivatives zero."""
        inner, numbers = self._divided(theta)
        own = self.network.channels(inner, x, plan)
        return self._joined(Evaluation(own, plan, None), numbers).channels

    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The network's channels, and the constants with derivatives zero."""
        inner, numbers = self._divided(theta)
        return self._joined(self.network.evaluate(inner, x, plan, space), numbers)

    def evaluate_output(self, theta: Tensor, x: Tensor, plan: Plan) -> Evaluation:
        """As `evaluate`, for the output layer alone."""
        inner, numbers = self._divided(theta)
        return self._joined(self.network.evaluate_output(inner, x, plan), numbers)

    def vjp(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds (p,)."""
        inner, _ = self._divided(theta)
        own = self.network.vjp(inner, at.tape_as(Evaluation), seeds[:, :, :1])
        return torch.cat([own, seeds[0, :, 1:].sum(0)])

    def jacobian_rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Per-point gradients (n, p)."""
        inner, numbers = self._divided(theta)
        out = theta.new_empty((seeds.shape[1], theta.numel())) if out is None else out
        own, constants = torch.split(out, [len(inner), len(numbers)], dim=1)
        own.copy_(self.network.jacobian_rows(inner, at.tape_as(Evaluation), seeds[:, :, :1]))
        constants.copy_(seeds[0, :, 1:])
        return out

    def output_jacobian_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """The columns of the network's output layer, and of the constants."""
        inner, _ = self._divided(theta)
        own = self.network.output_jacobian_rows(inner, at.tape_as(Evaluation), seeds[:, :, :1])
        return torch.cat([own, seeds[0, :, 1:]], dim=1)

    def jvp(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """J·direction (S, n, 1 + k)."""
        inner, _ = self._divided(theta)
        moved, numbers = self._divided(direction)
        own = self.network.jvp(inner, at.tape_as(Evaluation), moved)
        return self._joined(Evaluation(own, at.plan, None), numbers).channels
