"""What holds for every network: its channels are derivatives, its products those of their Jacobian.

The oracle is nested differentiation of `forward` by `torch.func`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Key, Laplace
from siren_pde.fields.base import Evaluation, Network
from siren_pde.fields.engine import autodiff
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.fields.parameters import parameters_of
from siren_pde.testing.laws import Law, called, differ, largest, normal, require

CLOSE = 1e-11
"""How far derivatives may differ from the oracle's, relative to the largest."""


@final
class Nested(Network):
    """A network by its values alone, its derivatives those of nested differentiation."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network, self.inputs, self.outputs = network, network.inputs, network.outputs

    def forward(self, x: Tensor) -> Tensor:
        """The network's own values."""
        values: Tensor = self.network(x)
        return values

    def channels(self, theta: Tensor, x: Tensor, plan: Plan) -> Tensor:
        """The derivatives (S, n, outputs), by `torch.func`."""
        return autodiff.channels(autodiff.values_of(self, theta, self.outputs), x, plan)


@dataclass(frozen=True, eq=False)
class Placed:
    """A network at points x (n, d)."""

    network: Network
    x: Tensor

    def __repr__(self) -> str:
        return type(self.network).__name__

    @property
    def theta(self) -> Tensor:
        """Its parameters."""
        return parameters_of(self.network)

    @property
    def oracle(self) -> Network:
        """The same network, differentiated by `torch.func`."""
        return Nested(self.network)

    def evaluated(self) -> Iterator[tuple[str, Evaluation]]:
        """Its channels by each plan, by the plan's name."""
        for name, plan in plans(self.x.shape[1]).items():
            yield name, self.network.evaluate(self.theta, self.x, plan)


def plans(d: int) -> dict[str, Plan]:
    """Plans of up to three orders in d coordinates, as equations require them."""
    every = tuple(range(d))
    required: dict[str, list[Key]] = {
        "the value": [()],
        "the gradient": [(i,) for i in every],
        "the Laplacian": [Laplace(every)],
        "the value and a partial Laplacian": [(), (d - 1,), Laplace((0,))],
        "the Hessian": [*((i, j) for i in every for j in every if i <= j), Laplace(every)],
        "third derivatives": [(0, 0, 0), (0, 0, d - 1)],
    }
    return {name: Plan.closing(keys) for name, keys in required.items()}


def required_seeds(at: Evaluation) -> Tensor:
    """Normal seeds of the channels that are required: the others may hold anything."""
    seeds = normal(*at.channels.shape, seed=1).to(at.channels)
    mask = torch.zeros_like(seeds)
    mask[list(at.plan.required)] = 1.0
    return seeds * mask


def channels_are_the_derivatives(at: Placed) -> None:
    """The required channels are the nested derivatives of `forward`, (S, n, outputs)."""
    for name, mine in at.evaluated():
        theirs = at.oracle.evaluate(at.theta, at.x, mine.plan)
        require(
            mine.channels.shape == theirs.channels.shape,
            f"the channels of `{at!r}` for {name} have the shape {tuple(mine.channels.shape)}, "
            f"which should be (derivatives, points, outputs) = {tuple(theirs.channels.shape)}.",
        )
        for i in mine.plan.required:
            a, b = mine.channels[i], theirs.channels[i]
            require(
                not differ(a, b, CLOSE),
                f"the derivative {mine.plan.keys[i]} of `{at!r}`, of {name}, differs by up to "
                f"{largest(a - b):.1e} from that of `forward`, which is up to {largest(b):.1e}.",
            )


def value_is_that_of_the_module(at: Placed) -> None:
    """Calling the network gives its value channel."""
    value = at.network(at.x).detach().reshape(len(at.x), at.network.outputs)
    channel = at.network.evaluate(at.theta, at.x, Plan.closing([()])).channels[0]
    require(
        not differ(channel, value, CLOSE),
        f"the value channel of `{at!r}` differs by up to {largest(channel - value):.1e} from what "
        "it returns when it is called.",
    )


def points_stand_alone(at: Placed) -> None:
    """What a network is at a point does not depend on the other points."""
    plan = plans(at.x.shape[1])["the Hessian"]
    every = at.network.evaluate(at.theta, at.x, plan).channels
    some = at.network.evaluate(at.theta, at.x[2:4], plan).channels
    required = list(plan.required)
    require(
        not differ(some[required], every[required][:, 2:4], CLOSE),
        f"the channels of `{at!r}` at two points depend on the other points: evaluate each point "
        "by itself.",
    )


def gradients_are_those_of_autograd(at: Placed) -> None:
    """`vjp` is Jᵀ·seeds."""
    for name, mine in at.evaluated():
        seeds = required_seeds(mine)
        theirs = at.oracle.vjp(at.theta, at.oracle.evaluate(at.theta, at.x, mine.plan), seeds)
        _require_close("vjp", at, name, at.network.vjp(at.theta, mine, seeds), theirs)


def rows_are_those_of_autograd(at: Placed) -> None:
    """`jacobian_rows` are the gradients at each point, written where they are asked for."""
    for name, mine in at.evaluated():
        seeds = required_seeds(mine)
        theirs = _autograd_rows(at, mine.plan, seeds)
        _require_close("jacobian_rows", at, name, _rows(at, mine, seeds), theirs)
        out = torch.full_like(theirs, torch.nan)
        given = at.network.jacobian_rows(at.theta, mine, seeds, out)
        require(
            given is out and not differ(out, theirs, CLOSE),
            f"`jacobian_rows` of `{at!r}` shall write into `out` and return it.",
        )


def moves_are_those_of_autograd(at: Placed) -> None:
    """`jvp` is J·direction, in the channels required."""
    direction = normal(at.theta.numel(), seed=2).to(at.theta)
    for name, mine in at.evaluated():
        required, oracle = list(mine.plan.required), at.oracle
        theirs = oracle.jvp(at.theta, oracle.evaluate(at.theta, at.x, mine.plan), direction)
        moved = at.network.jvp(at.theta, mine, direction)
        _require_close("jvp", at, name, moved[required], theirs[required])


def output_rows_are_the_last_columns(at: Placed) -> None:
    """`output_jacobian_rows` are the last columns, also from the cheaper evaluation."""
    for name, mine in at.evaluated():
        seeds, size = required_seeds(mine), at.network.output_size
        rows = _rows(at, mine, seeds)
        last = rows[:, rows.shape[1] - size :]
        short = at.network.evaluate_output(at.theta, at.x, mine.plan)
        for evaluation in (mine, short):
            given = at.network.output_jacobian_rows(at.theta, evaluation, seeds)
            _require_close("output_jacobian_rows", at, name, given, last)
        required = list(mine.plan.required)
        pair = short.channels[required], mine.channels[required]
        _require_close("evaluate_output", at, name, *pair)


def channels_are_affine_in_the_output_layer(at: Placed) -> None:
    """The last `output_size` parameters enter affinely: their rows do not depend on them."""
    size = at.network.output_size
    moved = at.theta
    moved[len(moved) - size :] += normal(size, seed=5).to(moved)
    for name, mine in at.evaluated():
        there, seeds = at.network.evaluate(moved, at.x, mine.plan), required_seeds(mine)
        a, b = (
            at.network.output_jacobian_rows(t, e, seeds)
            for t, e in ((moved, there), (at.theta, mine))
        )
        _require_close("output_jacobian_rows at other output parameters", at, name, a, b)


def one_gradient_may_be_cheaper(at: Placed) -> None:
    """`evaluate_once` serves one `vjp`, in memory that is used again."""
    space = Workspace()
    for name, mine in at.evaluated():
        seeds = required_seeds(mine)
        once = at.network.evaluate_once(at.theta, at.x, mine.plan, space)
        given = at.network.vjp(at.theta, once, seeds)
        _require_close("evaluate_once", at, name, given, at.network.vjp(at.theta, mine, seeds))


def parameters_stay_as_they_are(at: Placed) -> None:
    """No product changes θ, nor the network's own parameters."""
    theta, before = at.theta, at.theta
    for name, mine in at.evaluated():
        at.network.vjp(theta, at.network.evaluate(theta, at.x, mine.plan), required_seeds(mine))
        unchanged = torch.equal(theta, before) and torch.equal(at.theta, before)
        require(unchanged, f"evaluating {name} of `{at!r}` changes its parameters θ.")


def precision_follows(at: Placed) -> None:
    """In single precision the channels are in it, and about the same."""
    single = copy.deepcopy(at.network).to(dtype=torch.float32)
    for name, mine in at.evaluated():
        if name == "third derivatives":
            continue
        given = single.evaluate(parameters_of(single), at.x.float(), mine.plan).channels
        required = list(mine.plan.required)
        require(
            given.dtype == torch.float32
            and not differ(given.double()[required], mine.channels[required], 1e-3),
            f"`{at!r}` in single precision has {name} in {given.dtype}, up to "
            f"{largest(given.double()[required] - mine.channels[required]):.1e} beside that in "
            "double precision: make tensors like its argument.",
        )


def _autograd_rows(at: Placed, plan: Plan, seeds: Tensor) -> Tensor:
    """The gradients (n, p) at all points at once: where a network is made of pieces, it may branch
    on its points, which `vmap` over them would not allow.
    """

    def weighted(theta: Tensor) -> Tensor:
        return (seeds * at.oracle.channels(theta, at.x, plan)).sum((0, 2))

    rows: Tensor = torch.func.jacrev(weighted)(at.theta)
    return rows


def _rows(at: Placed, evaluation: Evaluation, seeds: Tensor) -> Tensor:
    return at.network.jacobian_rows(at.theta, evaluation, seeds)


def _require_close(product: str, at: Placed, name: str, mine: Tensor, theirs: Tensor) -> None:
    same = mine.shape == theirs.shape
    require(
        same and (not mine.numel() or not differ(mine, theirs, CLOSE)),
        f"`{product}` of {called(at)} for {name} "
        + (
            f"differs by up to {largest(mine - theirs):.1e} from what it should be, which is up to "
            f"{largest(theirs):.1e}."
            if same
            else f"has the shape {tuple(mine.shape)}, not {tuple(theirs.shape)}."
        ),
    )


NETWORK_LAWS: tuple[Law[Placed], ...] = (
    parameters_stay_as_they_are,
    value_is_that_of_the_module,
    channels_are_the_derivatives,
    points_stand_alone,
    gradients_are_those_of_autograd,
    rows_are_those_of_autograd,
    moves_are_those_of_autograd,
    output_rows_are_the_last_columns,
    channels_are_affine_in_the_output_layer,
    one_gradient_may_be_cheaper,
    precision_follows,
)
"""The laws of networks at points."""
