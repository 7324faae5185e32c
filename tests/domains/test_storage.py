"""Domains are stored as descriptions, and come back as the same sets; code is named, not run."""

import json
from dataclasses import dataclass

import pytest
import torch

from siren_pde.calculus.functions import sin
from siren_pde.collocation.quadrature import Sobol
from siren_pde.domains.ball import Ball
from siren_pde.domains.base import Piece
from siren_pde.domains.box import Box
from siren_pde.domains.cloud import PointCloud
from siren_pde.domains.implicit import Implicit
from siren_pde.domains.storage import Stores, restored, restored_homes, stored_homes
from siren_pde.errors import ConfigError, StorageError
from tests.strategies import ALL_DOMAINS, Torus

CODE = {"implicit ball", "implicit torus", "implicit surface"}
STORED = [(name, domain) for name, domain in ALL_DOMAINS if name not in CODE]


def back(domain):
    stores = Stores()
    written = json.dumps(stores.described(domain), allow_nan=False)
    return restored(json.loads(written), stores.arrays)


@pytest.mark.parametrize(("name", "domain"), STORED, ids=[name for name, _ in STORED])
def test_domains_come_back_as_the_same_sets(name, domain):
    again = back(domain)
    assert repr(again) == repr(domain) and type(again) is type(domain)
    assert (again.axes, again.dimension, again.bounds) == (
        domain.axes,
        domain.dimension,
        domain.bounds,
    )
    low, high = (torch.tensor(corner, dtype=torch.float64) for corner in domain.bounds)
    u = torch.rand(200, len(domain.axes), generator=torch.Generator().manual_seed(0)).double()
    x = low + (1.2 * u - 0.1) * (high - low)
    for tolerance in (0.0, 0.1, -0.1):
        assert torch.equal(again.contains(x, tolerance), domain.contains(x, tolerance))


def test_points_of_restored_domains_are_the_same():
    plate = Box(x=(0, 1), y=(0, 1)) - Ball(x=0.1, y=1 / 3, radius=0.2)
    for domain in (plate, plate.boundary, plate * Box(t=(0, 1))):
        assert torch.equal(Sobol(64)(back(domain)).positions, Sobol(64)(domain).positions)


def test_clouds_share_their_arrays():
    cloud = PointCloud(torch.rand(5, 2, generator=torch.Generator().manual_seed(0)))
    homes, arrays = stored_homes({"u": cloud, "v": cloud, "w": cloud * Box(t=(0, 1))})
    assert len(arrays) == 1 and len(homes) == 3
    again = restored_homes(homes, arrays).of("u")
    assert isinstance(again, PointCloud) and torch.equal(again.positions, cloud.positions)


def test_code_is_named_and_not_run():
    solid = Implicit(Torus()) & Box(x=(0.1, 2), y=(-2, 2), z=(-1, 1))
    homes, arrays = stored_homes({"u": solid, "v": Box(x=(0, 1))})
    assert "class Torus" in str(homes["u"]) and not arrays
    again = restored_homes(json.loads(json.dumps(homes)), arrays)
    assert again.of("v") == Box(x=(0, 1))
    with pytest.raises(ConfigError, match=r"`level` of Implicit\(Torus\).*attach the problem"):
        again.of("u")


@dataclass(frozen=True)
class Wave(Piece):
    """A domain whose shape is a function."""

    height = staticmethod(sin)
    axes, dimension, measure = ("x",), 1, 1.0
    bounds = property(lambda self: ((0.0,), (1.0,)))
    boundary = property(lambda self: None)
    describe = property(lambda self: lambda: None)

    def holds(self, x, tolerance):
        return x[:, 0] <= 1

    def chart(self, u):
        return None


def test_what_does_not_describe_itself_is_said():
    written = Stores().described(Wave())
    with pytest.raises(StorageError, match="`Wave` does not describe itself"):
        restored(written, {})


@pytest.mark.parametrize(
    ("path", "description", "says"),
    [
        ("os:system", {}, "no public class"),
        ("siren_pde.problem:Problem", {}, "no public class"),
        ("siren_pde.domains.base:Piece", {}, "no public class"),
        ("h5py:File", {}, "no domain of that name"),
        ("no_such_module_anywhere:Disc", {}, "ModuleNotFoundError"),
        ("siren_pde.domains.box:Box", {"intervals": [["x", 1, 0]]}, "low < high"),
        ("siren_pde.domains.box:Box", {"intervals": 3}, "cannot be made"),
        ("siren_pde.domains.box:Box", {}, "cannot be made"),
        ("siren_pde.domains.ball:Sphere", {"ball": 3, "code": "print()"}, "cannot be made"),
    ],
)
def test_hostile_descriptions_are_refused(path, description, says):
    with pytest.raises(StorageError, match=says):
        restored({"domain": path, "description": description}, {})
