"""What a field is: networks that the engine differentiates, and how unknowns are made of them."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import torch
from torch import Tensor, nn

from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.errors import ConfigError, StorageError
from siren_pde.fields.engine import autodiff, tracing
from siren_pde.fields.engine.autodiff import Recorded
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.fields.templates import require_size
from siren_pde.files.json_values import JSON, Description

T = TypeVar("T")

Quantity: TypeAlias = Jet | Vector
"""An unknown with one output, or with several."""


@dataclass(frozen=True)
class Evaluation:
    """A network's channels (S, n, outputs) at n points, and what its Jacobian's products need."""

    channels: Tensor
    plan: Plan
    tape: object

    def tape_as(self, kind: type[T]) -> T:
        """The tape, of that kind. Raises TypeError if another network has evaluated."""
        if not isinstance(self.tape, kind):
            raise TypeError(f"an evaluation with {kind} is needed, got {type(self.tape)}.")
        return self.tape


class Field(nn.Module, ABC):
    """Unknown functions: named networks with parameters, and the unknowns that residuals see.

    A residual `def r(p, u, q)` receives the entries of `unknowns` by name; where there is only one,
    its name is free.
    """

    @abstractmethod
    def networks(self) -> dict[str, Network]:
        """The differentiable parts by name, in the order of their parameters in θ."""

    @abstractmethod
    def unknowns(self, p: Points, jets: Mapping[str, Quantity]) -> dict[str, Quantity]:
        """The unknowns at points p, as jets or vectors, given the jets of the networks."""

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
        """This field with `change(network)` in place of each network, in their order."""

    @abstractmethod
    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Field:
        """This field with each network replaced by `width` frozen sine features.

        Their frequencies fill the box [−frequency, frequency] uniformly, or, where `order` is not
        0, its faces: all but `order` of them, or more, are zero. Only the output layer is left to
        determine. Raises ConfigError for fields without an output layer.
        """

    def describe(self) -> dict[str, JSON] | None:
        """What `from_description` builds a field of this structure from: sizes and parts.

        Plain JSON values, usually the arguments of the constructor; the values of parameters and
        buffers are stored beside them. None, which is the default, says that a file of it is read
        into a field that the caller provides, `load(path, field=…)`.
        """
        return None

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> Field:
        """A field as `describe` says; its parameters and buffers are overwritten afterwards.

        Unless overridden, the description holds the arguments of the constructor. `template` is
        the caller's own field, if any; `numbers` is how many numbers the file holds, for all
        parameters and buffers: descriptions that make more of them are refused. Raises StorageError
        for a description that cannot be followed.
        """
        try:
            require_size(f"`{cls.__name__}`", _size(cls, description), numbers)
            return cls(**description)
        except (ConfigError, TypeError, ValueError) as cause:
            raise StorageError(
                f"its field `{cls.__name__}` cannot be made from its description "
                f"{dict(description)!r:.200}: {cause}. `describe` gives the arguments of the "
                "constructor; override `from_description` too where that is not enough."
            ) from cause


def _size(kind: type[Field], description: Description) -> int:
    """How many numbers a field has, found without the memory for them; 1 where it cannot be."""
    try:
        with torch.device("meta"):
            field = kind(**description)
    except (RuntimeError, NotImplementedError):  # a constructor that computes with its parameters
        return 1
    return sum(value.numel() for value in field.state_dict().values())


def written(rows: Tensor, out: Tensor | None) -> Tensor:
    """The rows, in `out` if it is given."""
    return rows if out is None else out.copy_(rows)


class Network(Field, ABC):
    """A parametric function with all its derivatives, x (n, d) → channels (S, n, outputs).

    θ is the flat vector of its parameters, in the order of `parameters()`. The three products with
    the Jacobian of the channels are what every method is built from.

    A network of your own sets `inputs` and `outputs` and writes `forward`, each point by itself, in
    operations that `torch.func` differentiates: everything else follows, slower than a closed form.
    Where the derivatives are known, write `channels` too; where the products with the Jacobian are,
    `evaluate`, `vjp`, `jacobian_rows` and `jvp`. `describe` makes its files readable anywhere.
    """

    inputs: int
    outputs: int
    has_given_layers: bool = True
    """Whether its layers were chosen by the user, and are not to be replaced unasked."""
    output_size: int = 0
    """How many of the last parameters the channels are affine in: the output layer's."""
    period: tuple[float | None, ...] = ()
    """The length after which it repeats along each axis, whatever θ; None, or nothing, if never."""
    of: tuple[str, ...] = ()
    """The coordinates of a problem that it takes, in its order; empty if these are all of them."""
    constant: tuple[int, ...] = ()
    """The axes along which it is constant, whatever θ."""
    breadth: int = 64
    """How many numbers per point and channel its widest layer holds."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Values (n,) or (n, outputs) at x (n, inputs)."""

    @property
    def periodic(self) -> tuple[int, ...]:
        """The axes along which it is periodic."""
        return tuple(i for i, length in enumerate(self.period) if length is not None)

    def networks(self) -> dict[str, Network]:
        """This network alone."""
        return {"u": self}

    def unknowns(self, p: Points, jets: Mapping[str, Quantity]) -> dict[str, Quantity]:
        """The network's own jet."""
        return {"u": jets["u"]}

    def rebuilt(self, change: Callable[[Network], Network]) -> Network:
        """What `change` makes of it."""
        return change(self)

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Network:
        """A copy: unless overridden, the scales are the network's own."""
        return copy.deepcopy(self)

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Network:
        """Impossible, unless overridden: a network has no output layer that is known."""
        raise ConfigError(
            f"`LeastSquares` freezes the frequencies of a sine network, and `{type(self).__name__}`"
            " is none. Solve with a `Siren`, or with `GaussNewton()`."
        )

    def fineness(self, x: Tensor) -> Tensor:
        """How short (n,) waves at points x (n, d) are cut beside the longest ones anywhere: 1,
        unless they are those of smaller boxes.
        """
        return x.new_ones((len(x),))

    def companion(self, share: float, *, widening: float = 1.0, seed: int = 0) -> Network | None:
        """Frozen features that this network has not: what it leaves out of a solution is theirs.

        There are `share` times as many as it has, in a band `widening` times as wide. None, unless
        overridden: the network is not known to be a layer of features with a band.
        """
        return None

    def channels(self, theta: Tensor, x: Tensor, plan: Plan) -> Tensor:
        """The derivatives `plan.keys` (S, n, outputs) at x, differentiable by `torch.func`.

        Unless overridden, by one pass through the functions that `forward` is made of or, where
        these are not known, by nested differentiation.
        """
        values = autodiff.values_of(self, theta, self.outputs)
        traced = tracing.channels(values, x, plan)
        return autodiff.channels(values, x, plan) if traced is None else torch.stack(traced)

    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The channels at x, in the memory of `space` if it is given: until that is used again."""
        recorded = self._recorded(theta, x, plan, differentiable=False)
        return Evaluation(recorded.channels, plan, x)

    def evaluate_output(self, theta: Tensor, x: Tensor, plan: Plan) -> Evaluation:
        """As `evaluate`, but good for `output_jacobian_rows` alone, which may be much cheaper."""
        return self.evaluate(theta, x, plan)

    def evaluate_once(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """As `evaluate`, but good for one `vjp` alone."""
        if type(self).evaluate is not Network.evaluate:
            return self.evaluate(theta, x, plan, space)
        recorded = self._recorded(theta, x, plan, differentiable=True)
        return Evaluation(recorded.channels, plan, recorded)

    def vjp(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds: the gradient (p,) of ⟨seeds, channels⟩, seeds (S, n, outputs)."""
        tape = at.tape
        if not isinstance(tape, Recorded):
            tape = self._recorded(theta, at.tape_as(Tensor), at.plan, differentiable=True)
        return tape.vjp(seeds)

    def jacobian_rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Per-point gradients (n, p) of Σ seeds·channels, written into `out` if it is given."""
        plan = at.plan
        if self._by_values:  # then no derivative is needed to carry others
            live = [i for i, seed in enumerate(seeds) if bool(seed.any())] or [0]
            seeds, keys = seeds[live], tuple(plan.keys[i] for i in live)
            plan = Plan(keys, tuple(range(len(live))))

        def channels(t: Tensor, x: Tensor) -> Tensor:
            return self.channels(t, x, plan)

        rows = autodiff.jacobian_rows(channels, theta, at.tape_as(Tensor), seeds)
        return written(rows, out)

    def output_jacobian_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """The last `output_size` columns of `jacobian_rows`, alone."""
        if not self.output_size:
            return seeds.new_empty((seeds.shape[1], 0))
        return self.jacobian_rows(theta, at, seeds)[:, -self.output_size :]

    def jvp(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """J·direction: how the channels (S, n, outputs) move along direction (p,)."""
        x = at.tape_as(Tensor)
        return autodiff.jvp(lambda t: self.channels(t, x, at.plan), theta, direction)

    @property
    def _by_values(self) -> bool:
        """Whether `forward` is all that is known of it."""
        return type(self).channels is Network.channels

    def _recorded(self, theta: Tensor, x: Tensor, plan: Plan, *, differentiable: bool) -> Recorded:
        """The channels at x by autograd, which remembers how they came from θ if that is wanted."""

        def channels(t: Tensor) -> Sequence[Tensor]:
            if not self._by_values:
                return self.channels(t, x, plan).unbind()
            values = autodiff.values_of(self, t, self.outputs)
            traced = tracing.channels(values, x, plan)
            return autodiff.nested(values, x, plan) if traced is None else traced

        return autodiff.recorded(channels, theta, differentiable=differentiable)
