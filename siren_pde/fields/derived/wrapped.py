"""A field around another whose parameters it has, and no others."""

from __future__ import annotations

from torch import Tensor

from siren_pde.fields.base import Evaluation, Network
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace


class Wrapped(Network):
    """The network N at `_inner(x)`, its channels there changed by `_outer`.

    Neither depends on θ, and both have derivative one: products with the Jacobian are N's.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.inputs, self.outputs, self.of = network.inputs, network.outputs, network.of
        self.constant = network.constant
        self.output_size, self.has_given_layers, self.breadth = (
            network.output_size,
            network.has_given_layers,
            network.breadth,
        )

    def _inner(self, x: Tensor) -> Tensor:
        """Where N is evaluated."""
        return x

    def _outer(self, at: Evaluation, x: Tensor) -> Evaluation:
        """The evaluation at x, given N's."""
        return at

    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The channels at x (n, inputs)."""
        return self._outer(self.network.evaluate(theta, self._inner(x), plan, space), x)

    def evaluate_once(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """As `evaluate`, for one `vjp`."""
        return self._outer(self.network.evaluate_once(theta, self._inner(x), plan, space), x)

    def evaluate_output(self, theta: Tensor, x: Tensor, plan: Plan) -> Evaluation:
        """As `evaluate`, for the output layer alone."""
        return self._outer(self.network.evaluate_output(theta, self._inner(x), plan), x)

    def vjp(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """Jᵀ·seeds (p,)."""
        return self.network.vjp(theta, at, seeds)

    def jacobian_rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """Per-point gradients (n, p)."""
        return self.network.jacobian_rows(theta, at, seeds, out)

    def output_jacobian_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """The columns (n, output_size) of the output layer."""
        return self.network.output_jacobian_rows(theta, at, seeds)

    def jvp(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """J·direction (S, n, outputs)."""
        return self.network.jvp(theta, at, direction)
