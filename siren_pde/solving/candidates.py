"""The methods that `Auto` goes through after the first, and what a step of each will take."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import torch

from siren_pde.collocation.objective import Objective, residual_and_jacobian
from siren_pde.collocation.quadrature import Sobol
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Network
from siren_pde.fields.siren import Siren
from siren_pde.local_features.lines import LocalLines
from siren_pde.local_features.method import unsuited
from siren_pde.optimisers.adam import Adam
from siren_pde.optimisers.base import Method
from siren_pde.optimisers.gauss_newton import GaussNewton
from siren_pde.random_features.continuation import Continuation
from siren_pde.random_features.least_squares import LeastSquares
from siren_pde.random_features.marching import Marching
from siren_pde.random_features.propagator import Propagator
from siren_pde.solving.escalation import Candidate, Escalation
from siren_pde.solving.marches import Marches

TIMED = 64
"""Interior points whose rows of the Jacobian are timed to predict a step of Gauss-Newton."""
ATTEMPTS = 3
"""Dampings that a step of Gauss-Newton tries, each a Cholesky factorisation."""
STEPS = 15
"""Steps that Gauss-Newton needs to overtake Adam: 15 of 0.6 s leave a third of the loss that Adam
has after as long, for a tanh network of 1,185 parameters.
"""
HOPELESS = 5e-2
"""Adam begins where less than this is left: it would take hours to better it."""


def escalation_after(first: Method[Any]) -> Escalation:
    """What follows the first method: for evolutions in two dimensions a march by waves all over
    space, for others one on boxes; features in all of time after a march, continuation after
    Newton's method at once, then networks of sines by Gauss-Newton and by Adam.
    """
    march = isinstance(first, Marching | Marches | Propagator | LocalLines)
    on_boxes = isinstance(first, LocalLines)
    candidates = (
        *(() if march else (Candidate(Marches(), interrupts=True, objective=in_a_plane),)),
        *(() if on_boxes else (Candidate(LocalLines(), interrupts=True),)),
        *((Candidate(LeastSquares(), interrupts=True),) if march else ()),
        *(
            (Candidate(Continuation(), interrupts=True, objective=beyond_boxes),)
            if not march
            else ()
        ),
        Candidate(
            GaussNewton(),
            objective=lambda origin, _: with_networks(origin, GaussNewton()),
            seconds=lambda objective: STEPS * gauss_newton_seconds(objective),
        ),
        Candidate(
            Adam(),
            above=HOPELESS,
            objective=lambda origin, _: with_networks(origin, Adam()),
        ),
    )
    return Escalation(first, candidates)


def in_a_plane(origin: Objective, best: Objective) -> Objective:
    """The objective that the solve began with. Raises ConfigError where it is in no two dimensions
    and time: boxes march as well along a line.
    """
    if len(origin.collocated.problem.axes) != 3:
        raise ConfigError("waves all over space march first in two dimensions only.")
    return origin


def beyond_boxes(origin: Objective, best: Objective) -> Objective:
    """The objective that the solve began with. Raises ConfigError where boxes suit it: they are led
    from the linearised problem themselves, and leave less.
    """
    if not unsuited(origin):
        raise ConfigError("boxes have followed the path from the linearised problem already.")
    return origin


def with_networks(origin: Objective, method: Method[Any]) -> Objective:
    """The objective for networks of sines that suit a method, where features were frozen."""
    shape = method.architecture

    def change(network: Network) -> Network:
        if not isinstance(network, Siren) or network.has_given_layers:
            return network
        return network.like(
            width=shape.width, depth=shape.depth, hidden_frequency=shape.hidden_frequency
        )

    field = origin.field.rebuilt(change)
    parameters = sum(q.numel() for q in field.parameters())
    collocated = origin.collocated.with_rule(Sobol(method.points(parameters)))
    return replace(origin, collocated=collocated, field=field)


def gauss_newton_seconds(objective: Objective) -> float:
    """How long a step of Gauss-Newton takes for the field of an objective, from a few rows of J.

    Of N rows and p parameters it makes N rows, a product of N p² operations, and factorisations of
    p³/3 each; the first two are timed at few points, and the third goes as fast as the second.
    """
    parameters = objective.parameters.numel()
    wanted = objective.collocated.with_rule(Sobol(GaussNewton().points(parameters))).count
    few = replace(objective, collocated=objective.collocated.with_rule(Sobol(TIMED)))
    residual_and_jacobian(few, few.parameters)  # the first time is another
    started = time.monotonic()
    _, rows = residual_and_jacobian(few, few.parameters)
    made = time.monotonic()
    torch.mm(rows.T, rows)
    multiplied = time.monotonic()
    each = len(rows)
    product = (multiplied - made) / each
    factor = ATTEMPTS * parameters / 3 * product
    return wanted * ((made - started) / each + product) + factor
