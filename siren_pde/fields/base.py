"""What a field is: leaves that the engine differentiates, and how unknowns are made of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from siren_pde.calculus.points import Points
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace


@dataclass(frozen=True)
class Evaluation:
    """A leaf's channels (S, n, outputs) at n points, and whatever its adjoint needs."""

    channels: Tensor
    plan: Plan
    tape: Any


class Field(nn.Module, ABC):
    """Unknown functions: named leaves with parameters, and the unknowns that residuals see.

    A residual `def r(p, u, q)` receives the entries of `unknowns` by name; where there is only one,
    its name is free.
    """

    @abstractmethod
    def networks(self) -> dict[str, Network]:
        """The differentiable parts by name, in the order of their parameters in θ."""

    @abstractmethod
    def unknowns(self, p: Points, jets: Mapping[str, Any]) -> dict[str, Any]:
        """The unknowns at points p, as jets or vectors, given the jets of the leaves."""

    @property
    def has_default_layers(self) -> bool:
        """Whether all networks may be replaced by random features: the user fixed no layers."""
        return not any(network.has_given_layers for network in self.networks().values())

    @abstractmethod
    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Field:
        """A copy of this field, its free scales chosen for the box [low, high].

        `frequency` holds the highest angular frequency expected along each axis (radians per unit
        length). A field whose scales were given by the user keeps them.
        """

    @abstractmethod
    def rebuilt(self, change: Callable[[Network], Network]) -> Field:
        """This field with `change(leaf)` in place of each leaf, in their order."""

    @abstractmethod
    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Field:
        """This field with each network replaced by `width` frozen sine features.

        Their frequencies fill the box [−frequency, frequency] uniformly, or, where `order` is not
        0, its faces: all but `order` of them, or more, are zero. Only the output layer is left to
        determine. Raises ConfigError for fields without an output layer.
        """


def written(rows: Tensor, out: Tensor | None) -> Tensor:
    """The rows, in `out` if it is given."""
    return rows if out is None else out.copy_(rows)


class Network(Field, ABC):
    """A parametric function with all its derivatives, x (n, d) → channels (S, n, outputs).

    θ is the flat vector of its parameters, in the order of `parameters()`. The three products with
    the Jacobian of the channels are what every method is built from; they need no autograd graph.
    """

    inputs: int
    outputs: int
    has_given_layers: bool
    """Whether its layers were chosen by the user, and are not to be replaced unasked."""
    output_size: int
    """How many of the last parameters the channels are affine in: the output layer's."""
    period: tuple[float | None, ...] = ()
    """The length after which it repeats along each axis, whatever θ; None, or nothing, if never."""
    breadth: int = 64
    """How many numbers per point and channel its widest layer holds."""

    @property
    def periodic(self) -> tuple[int, ...]:
        """The axes along which it is periodic."""
        return tuple(i for i, length in enumerate(self.period) if length is not None)

    def networks(self) -> dict[str, Network]:
        """This leaf alone."""
        return {"u": self}

    def unknowns(self, p: Points, jets: Mapping[str, Any]) -> dict[str, Any]:
        """The leaf's own jet."""
        return {"u": jets["u"]}

    def rebuilt(self, change: Callable[[Network], Network]) -> Field:
        """What `change` makes of it."""
        return change(self)

    @abstractmethod
    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The channels at x, in the memory of `space` if it is given: until that is used again."""

    def evaluate_output(self, theta: Tensor, x: Tensor, plan: Plan) -> Evaluation:
        """As `evaluate`, but good for `output_jacobian_rows` alone, which may be much cheaper."""
        return self.evaluate(theta, x, plan)

    def evaluate_once(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """As `evaluate`, but good for one `vjp` alone."""
        return self.evaluate(theta, x, plan, space)

    @abstractmethod
    def vjp(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds: the gradient (p,) of ⟨seeds, channels⟩, seeds (S, n, outputs)."""

    @abstractmethod
    def jacobian_rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Per-point gradients (n, p) of Σ seeds·channels, written into `out` if it is given."""

    @abstractmethod
    def output_jacobian_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """The last `output_size` columns of `rows`, alone."""

    @abstractmethod
    def jvp(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """J·direction: how the channels (S, n, outputs) move along direction (p,)."""
