"""Several unknowns at once: fields and constants by name."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import final

import torch
from torch import Tensor, nn

from siren_pde.calculus.points import Points
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Evaluation, Field, Network, Quantity, written
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.fields.storage import described, restored
from siren_pde.fields.templates import require_template
from siren_pde.files.json_values import JSON, Description, entry, real, record


@final
class Unknown(Network):
    """An unknown constant of an inverse problem, such as a viscosity, starting at `start`."""

    def __init__(self, start: float, *, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        self.start = float(start)
        self.inputs, self.outputs, self.output_size, self.has_given_layers = 0, 1, 1, False
        self.number = nn.Parameter(torch.tensor([self.start], dtype=dtype, device="cpu"))

    @property
    def value(self) -> float:
        """The constant itself, as it stands."""
        return float(self.number.detach())

    def forward(self, x: Tensor) -> Tensor:
        """The constant (n,) at x (n, d)."""
        return self.number.expand(len(x))

    def describe(self) -> dict[str, JSON]:
        """Where it started."""
        return {"start": self.start}

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> Unknown:
        """A constant that started there."""
        return Unknown(real(description, "start"))

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Unknown:
        """A copy: a constant is its own output layer."""
        return copy.deepcopy(self)

    def companion(self, share: float, *, widening: float = 1.0, seed: int = 0) -> Unknown:
        """A constant."""
        return copy.deepcopy(self)

    def evaluate(
        self, theta: Tensor, x: Tensor, plan: Plan, space: Workspace | None = None
    ) -> Evaluation:
        """The constant at every point; its derivatives are zero."""
        channels = x.new_zeros((len(plan.keys), x.shape[0], 1))
        channels[0] = theta
        return Evaluation(channels, plan, None)

    def vjp(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """The sum of the seeds of the value."""
        return seeds[0].sum(0)

    def jacobian_rows(
        self, theta: Tensor, at: Evaluation, seeds: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """The seeds of the value."""
        return written(seeds[0], out)

    def output_jacobian_rows(self, theta: Tensor, at: Evaluation, seeds: Tensor) -> Tensor:
        """The seeds of the value."""
        return seeds[0]

    def jvp(self, theta: Tensor, at: Evaluation, direction: Tensor) -> Tensor:
        """The direction at every point."""
        moved = torch.zeros_like(at.channels)
        moved[0] = direction
        return moved


@final
class System(Field):
    """Several unknowns: `System(u=Siren(2, 2), q=Siren(2), nu=Unknown(0.1))`.

    Residuals take the unknowns they use by name, in any order: `def momentum(p, u, q, nu)`; their
    first parameter is the points whatever its name, `def momentum(x, u, p)` for a pressure p.
    Raises ConfigError for what is no field, and for names that torch's modules have, such as
    `half`.
    """

    def __init__(self, /, **unknowns: Field) -> None:
        super().__init__()
        if not unknowns or not all(isinstance(f, Field) for f in unknowns.values()):
            kinds = {name: type(f).__name__ for name, f in unknowns.items()}
            raise ConfigError(
                f"`System` needs a field for each name, got {kinds}. Wrap constants as "
                "`Unknown(0.1)` and modules of your own as `Generic(module, inputs, outputs)`."
            )
        self.parts = nn.ModuleDict()
        for name, part in unknowns.items():
            if name in dir(self.parts):
                raise ConfigError(
                    f"`{name}` cannot name an unknown, it means something to torch. Write for "
                    f"example `System({name}_=…)`, and `{name}_` in residuals."
                )
            self.parts[name] = part

    @property
    def fields(self) -> dict[str, Field]:
        """The field of each unknown, under its name."""
        return {name: part for name, part in self.parts.items() if isinstance(part, Field)}

    def networks(self) -> dict[str, Network]:
        """The network of each unknown, under its name."""
        return {name: part.networks()["u"] for name, part in self.fields.items()}

    def unknowns(self, p: Points, jets: Mapping[str, Quantity]) -> dict[str, Quantity]:
        """Each unknown under its name."""
        return {
            name: part.unknowns(p, {"u": jets[name]})["u"] for name, part in self.fields.items()
        }

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> System:
        """The system of the scaled unknowns."""
        return System(**{n: f.scaled_to(low, high, frequency) for n, f in self.fields.items()})

    def rebuilt(self, change: Callable[[Network], Network]) -> System:
        """The system of the changed unknowns."""
        return System(**{n: f.rebuilt(change) for n, f in self.fields.items()})

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> System:
        """The system of the unknowns' frozen features, different ones for each."""
        parts = enumerate(self.fields.items())
        return System(
            **{n: f.with_random_features(width, frequency, seed + i, order) for i, (n, f) in parts}
        )

    def describe(self) -> dict[str, JSON]:
        """What each unknown is made of."""
        return {"parts": {name: described(part) for name, part in self.fields.items()}}

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> System:
        """The unknowns described; those made of code come from the template's of the same name."""
        given: dict[str, Field] = {}
        if template is not None:
            given = require_template(template, System, "has several unknowns").fields
        stored = record(entry(description, "parts"), "parts")
        return System(**{n: restored(part, given.get(n), numbers) for n, part in stored.items()})


def parts(field: Field) -> dict[str, Field]:
    """The fields of a system by name; any other field is `u`."""
    return field.fields if isinstance(field, System) else {"u": field}
