"""Fields whose layers are drawn and frozen: only the coefficients of output layers are unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor

from siren_pde.collocation.frequencies import PROBED, frequencies
from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field
from siren_pde.fields.parameters import split
from siren_pde.optimisers.base import Residuals

F = TypeVar("F", bound=Field)


def require_problem(residuals: Residuals, method: str) -> Objective:
    """The residuals as those of a problem for a field; ConfigError if they are other ones."""
    if not isinstance(residuals, Objective):
        raise ConfigError(
            f"`{method}` replaces layers of a network, so it needs the residuals of a problem for "
            f"a field, got {type(residuals).__name__}. Take `GaussNewton()` for other functions."
        )
    return residuals


def with_features(
    objective: Objective, width: int, frequency: Tensor, seed: int = 0, order: int = 0
) -> Objective:
    """The objective of frozen features in place of networks: see `Field.with_random_features`."""
    field = objective.field.with_random_features(width, frequency, seed, order)
    return replace(objective, field=field)


def suggested_frequencies(objective: Objective) -> tuple[float, ...]:
    """The angular frequencies of a problem's data along the axes (radians per unit length)."""
    collocated = objective.collocated
    probe = collocated.with_rule(collocated.sampling.rule.with_count(PROBED))
    return tuple(frequencies(probe, objective.field).tolist())


def half_lengths(objective: Objective) -> tuple[float, ...]:
    """Half the sides of the problem's box, one where it is flat."""
    low, high = objective.collocated.problem.bounds
    return tuple((b - a) / 2 or 1.0 for a, b in zip(low, high, strict=True))


def output_coefficients(field: Field, theta: Tensor) -> Tensor:
    """The coefficients (q,) in θ of all output layers, one network after the other."""
    networks = field.networks()
    parts = split(field, theta).items()
    return torch.cat([part[part.numel() - networks[n].output_size :] for n, part in parts])


def with_output(field: Field, theta: Tensor, coefficients: Tensor) -> Tensor:
    """θ with the parameters of all output layers replaced by `coefficients` (q,)."""
    changed, start, networks = theta.clone(), 0, field.networks()
    for name, part in split(field, changed).items():
        size = networks[name].output_size
        part[part.numel() - size :] = coefficients[start : start + size]
        start += size
    return changed


def without_output(field: Field, theta: Tensor) -> Tensor:
    """θ with the parameters of all output layers zero: functions vanish."""
    return with_output(field, theta, torch.zeros_like(theta))
