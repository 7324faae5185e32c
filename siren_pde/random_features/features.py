"""Fields whose layers are drawn and frozen, the first of them that suit a problem, and their cost:
only the coefficients of output layers are unknown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from siren_pde.collocation.frequencies import PROBED, frequencies
from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field
from siren_pde.fields.parameters import split
from siren_pde.optimisers.base import Residuals
from siren_pde.random_features.search import AXIS_BY_AXIS, HELD, Trial

ASSEMBLED = 500
"""Columns with which the matrix takes as long to assemble as to factorise; measured on one core."""
MARGIN = 1.25
"""How much longer than predicted trials may take: other programs run beside."""
BLIND_AXES = 4
"""No band is at first less than this share of the widest: data may be blind along an axis."""
TRIANGLES = 4
"""Matrices (q, q) that a process holds of q columns that several share: its R, another's, and both
below each other.
"""
MANY = 1500
"""Features of the first trial at most, where the data's own waves need so many: half a second."""

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


def first_trial(
    objective: Objective,
    *,
    features: int | None,
    frequency: tuple[float, ...] | None,
    most: int,
) -> Trial:
    """The first trial, of features and frequencies (radians per unit length) where they are given;
    else what the data suggest, and more, with `most` features.

    Data are blind along some axes, so that no band is much narrower than the widest, unless the
    features cannot hold that. Raises ConfigError for another number of frequencies.
    """
    half = half_lengths(objective)
    if frequency is not None and len(frequency) != len(half):
        raise ConfigError(
            f"`LeastSquares` needs a frequency for each of {len(half)} coordinates, got "
            f"{frequency}."
        )
    given = frequency or suggested_frequencies(objective)
    wanted = tuple(w * s for w, s in zip(given, half, strict=True))
    if frequency is not None:
        return Trial(wanted, features) if features else _suited(wanted, most)
    bands = [tuple(1.5 * max(k, max(wanted) / BLIND_AXES) for k in wanted)]
    bands += [tuple(1.5 * k for k in wanted)]
    for band in bands:
        trial = _suited(band, most) if features is None else Trial(band, features)
        if trial.held or len(band) > AXIS_BY_AXIS:  # those are raced in ever lower bands
            return trial
    excess = (HELD * trial.freedom / trial.features) ** (1 / len(wanted))
    return trial.stretched(None, 1 / excess)


def _suited(band: tuple[float, ...], most: int) -> Trial:
    """Three features for each degree of freedom of the band, within limits: up to `MANY` to hold
    it at all.
    """
    freedom = Trial(band, 0).freedom
    low, high = (200, 600) if len(band) <= 3 else (600, max(1000, 20 * len(band)))
    low = max(low, min(20 * len(band), high) if len(band) > 3 else 0)
    if HELD * freedom > high and len(band) <= AXIS_BY_AXIS:
        high = min(int(1.5 * HELD * freedom), MANY)
    return Trial(band, min(max(int(3 * freedom), low), high, most))


def columns_of(objective: Objective) -> int:
    """How many columns a feature adds: one for each output of each network."""
    ones = objective.parameters.new_ones((len(half_lengths(objective)),))
    few, more = (with_features(objective, n, ones) for n in (1, 2))
    sizes = [len(output_coefficients(each.field, each.parameters)) for each in (few, more)]
    return max(sizes[1] - sizes[0], 1)


def columns_allowed(objective: Objective, most: int, oversampling: float) -> int:
    """`most` columns, or as many as three copies of their rows leave room for; of those of this
    process, and some triangles, where several share them.
    """
    if objective.limits.memory is None:
        return most
    numbers = objective.limits.memory / objective.parameters.element_size()
    processes = objective.collocated.processes
    each = 3 * oversampling / processes.count + (TRIANGLES if processes.several else 0)
    return min(most, int(math.sqrt(numbers / each)))


@dataclass(frozen=True)
class Pace:
    """The most seconds that a unit of work took in trials of the largest number of `columns`.

    Work is q² (q + `ASSEMBLED`) for q columns, to which rows are in proportion.
    """

    columns: int = 0
    rate: float = 0.0

    def after(self, columns: int, seconds: float) -> Pace:
        """The pace after a trial with so many columns took so many seconds."""
        if columns < self.columns:
            return self
        rate = seconds / _work(columns)
        return Pace(columns, max(rate, self.rate) if columns == self.columns else rate)

    def predicted(self, columns: float) -> float:
        """The seconds of a trial with so many columns; 0 where nothing is known yet."""
        return self.rate * _work(columns)

    def most(self, seconds: float) -> float:
        """How many columns a trial may have to end within so many seconds."""
        if not self.rate or math.isinf(seconds):
            return math.inf
        allowed = max(seconds, 0.0) / (MARGIN * self.rate)
        low, high = 0.0, allowed ** (1 / 3) + 1
        for _ in range(60):  # halved until it is exact
            middle = (low + high) / 2
            low, high = (middle, high) if _work(middle) <= allowed else (low, middle)
        return low


def _work(columns: float) -> float:
    return columns**2 * (columns + ASSEMBLED)


def coefficients_text(field: Field, theta: Tensor) -> str:
    """How large the coefficients are: where they cancel, digits are lost."""
    c = output_coefficients(field, theta)
    return f"coefficients of norm {float(torch.linalg.vector_norm(c)):.2g}"


def trial_text(trial: Trial, half: tuple[float, ...]) -> str:
    """The features of a trial, and their bandwidths in radians per unit length."""
    frequency = [k / s for k, s in zip(trial.bandwidth, half, strict=True)]
    text = "×".join(f"{w:.3g}" for w in frequency)
    if len(frequency) > 4:
        text = f"{min(frequency):.3g} to {max(frequency):.3g} along {len(frequency)} axes"
    return f"{trial.features} features, bandwidth {text}"
