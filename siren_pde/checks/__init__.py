"""What is wrong or doubtful in the statement of a problem, found before solving it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import torch
from torch import nn

from siren_pde.checks import (
    agreement,
    boundaries,
    compatibility,
    coverage,
    evolution,
    interfaces,
    magnitudes,
    start,
    surfaces,
    truth,
    uniqueness,
    values,
)
from siren_pde.checks.finding import Finding, Severity
from siren_pde.checks.probe import Examination
from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.frequencies import frequencies
from siren_pde.collocation.quadrature import Quadrature, Sobol
from siren_pde.collocation.sampling import in_coordinates
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field
from siren_pde.fields.generic import Generic
from siren_pde.fields.siren import Siren
from siren_pde.numerics.checked import require_seed
from siren_pde.problem import Problem

POINTS = 256
"""Points at which each condition is examined."""

CHECKS: tuple[Callable[[Examination], Iterator[Finding]], ...] = (
    values.unknowns,
    values.coordinates,
    values.precision,
    values.smooth,
    coverage.initial,
    evolution.direction,
    boundaries.boundary,
    surfaces.across,
    interfaces.interfaces,
    compatibility.compatibility,
    coverage.outside,
    start.start,
    agreement.agreement,
    uniqueness.trivial,
    truth.truth,
    magnitudes.terms,
    magnitudes.conditions,
    magnitudes.solutions,
    magnitudes.axes,
    magnitudes.weights,
    magnitudes.resolution,
)
"""All checks of a problem whose residuals are finite; a new one is a function and a line here."""


def check(
    problem: Problem,
    field: Field | nn.Module | None = None,
    *,
    quadrature: Quadrature | None = None,
    seed: int = 0,
) -> list[Finding]:
    """Say what a problem lacks or contradicts, without solving it; errors first.

    `field` and `quadrature` are those it is to be solved with, left out if `solve` shall choose.
    Nothing is trained: each condition is evaluated at a few hundred points, for zero, constant,
    random and exact values of the unknowns. No findings do not mean that a problem is well posed.

    Raises ConfigError if `problem` is no problem, or the field takes coordinates it does not have.
    """
    if not isinstance(problem, Problem):
        raise ConfigError(f"`check` needs a `Problem(…)`, got {type(problem).__name__}.")
    field = _examined(problem, field)
    require_seed(seed)
    probes, findings = values.probed(problem, field, POINTS, seed)
    frequency = torch.ones(len(problem.axes), dtype=torch.float64)
    e = Examination(problem, field, tuple(probes), quadrature, frequency, seed)
    broken = list(values.finite(e))
    if not findings and not broken:
        collocated = Collocated.planned(problem, field, rule=Sobol(POINTS), seed=seed)
        frequency = frequencies(collocated, field)
        e = Examination(problem, field, tuple(probes), quadrature, frequency, seed)
        for examine in CHECKS:
            findings += examine(e)
    order = list(Severity)
    return sorted(findings + broken, key=lambda f: order.index(f.severity))


def _examined(problem: Problem, field: Field | nn.Module | None) -> Field:
    """The field to be solved for, in double precision on the CPU."""
    d = len(problem.axes)
    if field is None:
        return Siren(d, width=4, depth=1)
    chosen = field if isinstance(field, Field) else Generic(field, d)
    whole = in_coordinates(copy.deepcopy(chosen), problem.axes)
    return whole.to(device="cpu", dtype=torch.float64)
