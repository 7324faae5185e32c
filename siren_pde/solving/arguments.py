"""What `solve` is given besides problem, field and method, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from siren_pde.collocation.quadrature import Quadrature
from siren_pde.errors import ConfigError
from siren_pde.numerics.checked import require_seed
from siren_pde.solving.report import Budget

Effort = Literal["none", "quick", "careful"]
"""How much is spent on the estimate of the error."""
EFFORTS: tuple[Effort, ...] = get_args(Effort)
"""All of them."""


def require_arguments(
    budget: object, quadrature: object, seed: object, estimate: object, callbacks: object
) -> None:
    """Raise ConfigError, saying what to write instead, for arguments of other kinds."""
    if not (budget is None or isinstance(budget, Budget)):
        raise ConfigError(
            f"`solve` needs a `Budget`, got {budget!r}. Write `budget=Budget(seconds=10)`, or "
            "`Budget(steps=10)`."
        )
    if not (quadrature is None or isinstance(quadrature, Quadrature)):
        raise ConfigError(f"`solve` needs a quadrature such as `Sobol(1024)`, got {quadrature!r}.")
    require_seed(seed)
    if estimate not in EFFORTS:
        raise ConfigError(f"`estimate` is one of {', '.join(EFFORTS)}, got {estimate!r}.")
    if not isinstance(callbacks, Iterable) or not all(map(callable, callbacks)):
        raise ConfigError(f"`callbacks` are functions of a report, got {callbacks!r}.")
