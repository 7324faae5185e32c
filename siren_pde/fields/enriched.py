"""A field plus given functions with coefficients to determine: u = N + Σ cₖ sₖ."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import torch
from torch import Tensor, nn

from siren_pde.calculus.jets import Constant
from siren_pde.calculus.points import Points
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Evaluation, Field, Leaf
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace


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
        self, field: Leaf, functions: Callable[[Points], Sequence[Any]], *, terms: int
    ) -> None:
        super().__init__()
        if not isinstance(field, Leaf) or field.outputs != 1 or not field.inputs:
            raise ConfigError(
                "`Enriched` is built around one network with one output such as `Siren(2)`, got "
                f"{type(field).__name__}. In a system, enrich each unknown by itself."
            )
        if terms < 1:
            raise ConfigError(f"`Enriched` needs at least one term, got {terms}.")
        self.functions, self.terms = functions, terms
        self.leaf = Beside(field, terms)

    def leaves(self) -> dict[str, Leaf]:
        """The network with the coefficients beside it."""
        return {"u": self.leaf}

    def unknowns(self, p: Points, jets: Mapping[str, Any]) -> dict[str, Any]:
        """N + Σ cₖ sₖ, in the algebra of jets."""
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

    def placed(self, low: Tensor, high: Tensor, frequency: Tensor) -> Enriched:
        """The same functions beside a placed network."""
        return self._around(self.leaf.placed(low, high, frequency))

    def featured(self, width: int, frequency: Tensor, seed: int, order: int = 0) -> Enriched:
        """The same functions beside frozen features."""
        return self._around(self.leaf.featured(width, frequency, seed, order))

    def rebuilt(self, change: Callable[[Leaf], Leaf]) -> Enriched:
        """The same functions, with the changed network and as many coefficients."""
        return self._around(self.leaf.beside(change(self.leaf.leaf)))

    def _around(self, leaf: Beside) -> Enriched:
        changed = Enriched(leaf.leaf, self.functions, terms=self.terms)
        changed.leaf = leaf
        return changed


@final
class Beside(Leaf):
    """A network and constants beside it, as further outputs: values (n, 1 + k)."""

    def __init__(self, leaf: Leaf, constants: int) -> None:
        super().__init__()
        self.leaf = leaf
        like = next(leaf.parameters())
        zeros = torch.zeros(constants, dtype=like.dtype, device=like.device)
        # a list is a module, whose parameters come after those of the network
        self.constants = nn.ParameterList([nn.Parameter(zeros)])
        self.inputs, self.outputs = leaf.inputs, leaf.outputs + constants
        self.output_size, self.sized = leaf.output_size + constants, leaf.sized
        self.breadth, self.period = leaf.breadth, leaf.period

    @property
    def numbers(self) -> Tensor:
        """The constants (k,)."""
        return self.constants[0]

    def forward(self, x: Tensor) -> Tensor:
        """Values (n, 1 + k) at x (n, inputs)."""
        return torch.cat([self.leaf(x)[:, None], self.numbers.expand(len(x), -1)], dim=1)

    def placed(self, low: Tensor, high: Tensor, frequency: Tensor) -> Beside:
        """The constants beside the placed network."""
        return self.beside(self.leaf.placed(low, high, frequency))  # type: ignore[arg-type]

    def featured(self, width: int, frequency: Tensor, seed: int, order: int = 0) -> Beside:
        """The constants beside frozen features."""
        return self.beside(self.leaf.featured(width, frequency, seed, order))  # type: ignore[arg-type]

    def beside(self, leaf: Leaf) -> Beside:
        """The same constants beside another network."""
        changed = Beside(leaf, len(self.numbers))
        changed.constants = copy.deepcopy(self.constants)
        return changed

    def _divided(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        inner, numbers = theta.split([theta.numel() - len(self.numbers), len(self.numbers)])
        return inner, numbers

    def _joined(self, at: Evaluation, numbers: Tensor) -> Evaluation:
        channels = at.channels
        constants = channels.new_zeros((*channels.shape[:2], len(numbers)))
        constants[0] = numbers
        return Evaluation(torch.cat([channels, constants], dim=2), at.plan, at)

    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The network's channels, and the constants with derivatives zero."""
        inner, numbers = self._divided(theta)
        return self._joined(self.leaf.evaluate(inner, x, plan, space), numbers)

    def evaluate_output(self, theta: Tensor, x: Tensor, plan: Plan) -> Evaluation:
        """As `evaluate`, for the output layer alone."""
        inner, numbers = self._divided(theta)
        return self._joined(self.leaf.evaluate_output(inner, x, plan), numbers)

    def pullback(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds (p,)."""
        inner, _ = self._divided(theta)
        network = self.leaf.pullback(inner, at.tape, seeds[:, :, :1])
        return torch.cat([network, seeds[0, :, 1:].sum(0)])

    def rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Per-point gradients (n, p)."""
        inner, numbers = self._divided(theta)
        out = theta.new_empty((seeds.shape[1], theta.numel())) if out is None else out
        network, constants = out.split([len(inner), len(numbers)], dim=1)
        network.copy_(self.leaf.rows(inner, at.tape, seeds[:, :, :1]))
        constants.copy_(seeds[0, :, 1:])
        return out

    def output_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """The columns of the network's output layer, and of the constants."""
        inner, _ = self._divided(theta)
        network = self.leaf.output_rows(inner, at.tape, seeds[:, :, :1])
        return torch.cat([network, seeds[0, :, 1:]], dim=1)

    def push(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """J·direction (S, n, 1 + k)."""
        inner, _ = self._divided(theta)
        moved, numbers = self._divided(direction)
        network = self.leaf.push(inner, at.tape, moved)
        return self._joined(Evaluation(network, at.plan, None), numbers).channels
