"""Companions: other features of the same band, in the same structure."""

import pytest
import torch

from siren_pde import Mapped, Siren, Unknown, exp
from siren_pde.fields.derived.mirrored import Mirror, Mirrored
from siren_pde.fields.derived.projected import Projected
from siren_pde.fields.derived.shifted import Shifted
from siren_pde.fields.derived.stretched import GridStretching, Stretched
from siren_pde.fields.enriched import Enriched
from siren_pde.images import Cosines

BAND = torch.tensor([5.0, 9.0], dtype=torch.float64)


def features(width=40, order=0, **options):
    return Siren(2, **options).with_random_features(width, BAND, 0, order)


STRETCH = GridStretching(0, 0.0, 1.0, (0.5,), (0.1,))
NETWORKS = {
    "waves": features(),
    "few axes each": features(order=1),
    "periodic": features(period=(1.0, None)),
    "a torus": features(period=(1.0, 1.0)),
    "several outputs": Siren(2, 3).with_random_features(40, BAND, 0),
    "shifted": Shifted(features(), 1, 0.3),
    "stretched": Stretched(features(), STRETCH),
    "between mirrors": Mirrored(features(), [Mirror(0, 0.5, 0.5)]),
    "mapped": Mapped(features(), lambda p: (exp(p[0]), p[1])),
    "of one coordinate": Projected(Siren(1).with_random_features(40, BAND[:1], 0), (1,), 2),
    "enriched": Enriched(features(), lambda p: [p.x], terms=1).networks()["u"],
}


def inner(network):
    while not isinstance(network, Siren):
        network = network.network
    return network


@pytest.mark.parametrize("name", NETWORKS)
def test_companions_are_others_of_the_same_kind(name):
    network = NETWORKS[name]
    other = network.companion(1.5, widening=1.2, seed=7)
    assert type(other) is type(network) and other.inputs == network.inputs
    assert other.outputs == network.outputs and other.period == network.period
    mine, theirs = inner(network), inner(other)
    assert theirs.width == 60 and theirs.depth == 1
    free = [i for i in range(mine.inputs) if i not in mine.periodic]
    assert torch.allclose(theirs.frequency[free], 1.2 * mine.frequency[free])
    assert not torch.equal(theirs.layers[0][:5], mine.layers[0][:5])
    again = inner(network.companion(1.5, widening=1.2, seed=7))
    assert torch.equal(again.layers[0], theirs.layers[0])  # the seed decides


def test_waves_along_few_axes_stay_so():
    other = NETWORKS["few axes each"].companion(1.0, seed=1)
    assert int((other.layers[0] != 0).sum(1).max()) == 1


def test_layers_that_are_trained_have_none():
    assert Siren(2, width=8, depth=2).companion(1.0) is None


def test_constants_are_their_own():
    constant = Unknown(0.3)
    assert constant.companion(1.5).value == 0.3 and constant.companion(1.5) is not constant


def test_lattices_have_waves_in_all_directions():
    cosines = Cosines((6, 4), low=(0, 0), high=(1, 2))
    waves = cosines.companion(1.0, seed=1)
    assert waves.width == 24 and torch.allclose(
        waves.frequency, torch.pi * torch.tensor([6.0, 2.0], dtype=torch.float64)
    )
