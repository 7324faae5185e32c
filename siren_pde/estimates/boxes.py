"""The error of an answer on boxes: what other waves in the same boxes make of its residual."""

from __future__ import annotations

import math
from dataclasses import replace

from siren_pde.collocation.objective import Objective
from siren_pde.estimates.defect import FRESH, Correction
from siren_pde.fields.base import Network
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.parameters import with_parameters
from siren_pde.fields.system import Unknown
from siren_pde.local_features.discretised import Waves, assembled, redrawn
from siren_pde.local_features.newton import minimised

WIDER = 1.15
"""How much wider the band of the other waves is, at least: errors are rougher than answers."""
MORE = {False: 1.0, True: 1.6}
"""How many other waves there are for each of the answer's, and if it is a careful estimate."""


def on_boxes(answer: Objective) -> LocalSines | None:
    """A network of the answer that is on boxes, if there is one; all have the same."""
    nets = answer.field.networks().values()
    return next((net for net in nets if isinstance(net, LocalSines)), None)


def corrected_on_boxes(answer: Objective, net: LocalSines, *, careful: bool) -> Correction:
    """The error of an answer as a field on its boxes, continuous where the answer is not."""
    features = round(MORE[careful] * net.sines)
    networks = answer.field.networks().items()
    powers = {name: each.powers for name, each in networks if isinstance(each, LocalSines)}
    waves = Waves(features, WIDER * net.band, FRESH, powers)
    without = replace(answer, field=answer.field.rebuilt(_zero))
    assembly, local = assembled(
        without, net.tree, waves, seed=FRESH + answer.seed, background=answer.field
    )
    zero = local.parameters
    theta = minimised(assembly, net.tree, zero, affine=True).theta
    judged = redrawn(assembly, without, waves, seed=3 * FRESH + answer.seed).scaled(zero)
    fitted = assembly.scaled(zero)
    before, after = (float(fitted.squares(at).sum()) for at in (zero, theta))
    held, left = (float(judged.squares(at).sum()) for at in (zero, theta))
    error = with_parameters(local.field, theta)
    return Correction(error, _root(after, before), _root(left, held))


def _zero(network: Network) -> Network:
    """A constant is not known to have an error, which is added to none."""
    return Unknown(0.0) if isinstance(network, Unknown) else network


def _root(after: float, before: float) -> float:
    return math.sqrt(after / before) if before > 0 else 0.0
