"""Any differentiable module as a field, through `torch.func`: slower than a closed form, and its
oracle.
"""

from __future__ import annotations

import copy
from typing import final

from torch import Tensor, nn

from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field, Network
from siren_pde.fields.templates import needs_template
from siren_pde.files.json_values import JSON, Description, text, whole


@final
class Generic(Network):
    """A user's `nn.Module` as a field; its derivatives come from nested forward differentiation.

    `module` maps x (n, inputs) to (n,), (n, 1) or (n, outputs), each point by itself. `solve` wraps
    modules that are no fields by itself.
    """

    def __init__(self, module: nn.Module, inputs: int, outputs: int = 1) -> None:
        super().__init__()
        self.module, self.inputs, self.outputs = module, inputs, outputs
        parameter = next(module.parameters(), None)
        if parameter is None:
            raise ConfigError(
                f"`{type(module).__name__}` has no parameters, so nothing can be fitted."
            )

    def forward(self, x: Tensor) -> Tensor:
        """The module's own values."""
        values: Tensor = self.module(x)
        return values

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Generic:
        """Impossible: an arbitrary module has no output layer to solve for."""
        raise ConfigError(
            f"`LeastSquares` freezes the frequencies of a sine network, and "
            f"`{type(self.module).__name__}` "
            "is none. Solve with a `Siren`, or with `GaussNewton()`."
        )

    def describe(self) -> dict[str, JSON]:
        """Its sizes, and the name of the module, whose code is not stored."""
        kind = type(self.module).__name__
        return {"inputs": self.inputs, "outputs": self.outputs, "module": kind}

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> Generic:
        """A copy of the template, which is such a module, or a field of it."""
        if isinstance(template, nn.Module) and not isinstance(template, Field):
            template = Generic(
                template, whole(description, "inputs"), whole(description, "outputs")
            )
        if not isinstance(template, Generic):
            module = text(description, "module")
            reason = f"is the Python module `{module}`"
            raise needs_template("Generic", reason, template, f"{module}(…)")
        return copy.deepcopy(template)
