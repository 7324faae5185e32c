"""All members of every family, so that each law is tested on all of them: add yours here."""

import torch

from siren_pde import Ansatz, Enriched, Mapped, Siren, System, Unknown
from siren_pde.calculus.functions import exp, sin, sqrt
from siren_pde.collocation.quadrature import GaussLegendre, Grid, MonteCarlo, Quadrature, Sobol
from siren_pde.domains.ball import Ball
from siren_pde.domains.base import Domain
from siren_pde.domains.box import Box
from siren_pde.domains.cloud import PointCloud
from siren_pde.domains.implicit import Implicit
from siren_pde.domains.polygon import Polygon
from siren_pde.fields.base import Field
from siren_pde.fields.cosines import Cosines
from siren_pde.fields.derived.mirrored import Mirror, Mirrored
from siren_pde.fields.derived.piecewise import Piecewise
from siren_pde.fields.derived.projected import Projected
from siren_pde.fields.derived.refined import Refined
from siren_pde.fields.derived.shifted import Shifted
from siren_pde.fields.derived.splines import Splines
from siren_pde.fields.derived.stretched import GridStretching, Stretched
from siren_pde.fields.generic import Generic
from siren_pde.scans.regularisers import (
    Area,
    Eikonal,
    Heat,
    Regulariser,
    SingularHessian,
    Viscosity,
)
from tests.third_party.ellipse import Ellipse


class Torus:
    """The distance to a torus around the z axis of radii 1 and 0.4."""

    bounds = ((-1.6, -1.6, -0.6), (1.6, 1.6, 0.6))

    def __call__(self, x):
        ring = torch.hypot(x[:, 0], x[:, 1]) - 1
        return torch.hypot(ring, x[:, 2]) - 0.4

    def gradient(self, x):
        around = torch.hypot(x[:, 0], x[:, 1])
        ring = around - 1
        tube = torch.hypot(ring, x[:, 2])
        return (
            torch.stack([ring * x[:, 0] / around, ring * x[:, 1] / around, x[:, 2]], 1)
            / tube[:, None]
        )

    def jet(self, p):
        return sqrt((sqrt(p.x**2 + p.y**2) - 1) ** 2 + p.z**2) - 0.4


class Egg:
    """No distance, but zero on a sphere around (0, 1, 2) of radius ½: 4|x − c|² − 1."""

    bounds = ((-0.7, 0.4, 1.4), (0.6, 1.6, 2.6))

    def __call__(self, x):
        return 4 * ((x - x.new_tensor([0.0, 1.0, 2.0])) ** 2).sum(1) - 1

    def gradient(self, x):
        return 8 * (x - x.new_tensor([0.0, 1.0, 2.0]))

    def jet(self, p):
        return 4 * (p.x**2 + (p.y - 1) ** 2 + (p.z - 2) ** 2) - 1


_square = Box(x=(-1, 1), y=(-1, 1))
_strip = Box(x=(-1, 1), t=(0, 2))
_disc = Ball(x=0, y=0)
_hole = Ball(x=0.2, y=0, radius=0.5)
_beside = Ball(x=1, y=0)
_ellipse = Ellipse(2.0, 1.0)
_arrow = Polygon([(0, 2), (-1, -1), (0, 0), (0.5, -0.5), (1, -1)])

ALL_DOMAINS: list[tuple[str, Domain]] = [
    ("interval", Box(x=(1, 3))),
    ("square", _square),
    ("strip", _strip),
    ("cube", Box(x=(0, 1), y=(-1, 1), z=(0, 3))),
    ("wall", _strip.at(x=-1)),
    ("start", _strip.at(t=0)),
    ("slice inside", _strip.at(t=0.5)),
    ("corner", _strip.at(x=-1, t=0)),
    ("box boundary", Box(x=(0, 1), y=(-1, 1), z=(0, 3)).boundary),
    ("ends", Box(x=(1, 3)).boundary),
    ("walls", _strip.at(x=-1) | _strip.at(x=1)),
    ("ball in 1-D", Ball(x=1, radius=2)),
    ("disc", _disc),
    ("ball", Ball(x=0, y=1, z=2, radius=0.5)),
    ("ball in 4-D", Ball(x=0, y=0, z=0, w=1)),
    ("circle", _disc.boundary),
    ("sphere", Ball(x=0, y=1, z=2, radius=0.5).boundary),
    ("sphere in 4-D", Ball(x=0, y=0, z=0, w=1).boundary),
    ("L-shape", _square - Box(x=(0, 1), y=(0, 1))),
    ("glued boxes", Box(x=(0, 1), y=(0, 1)) | Box(x=(1, 2), y=(0, 1))),
    ("crossed boxes", Box(x=(-2, 2), y=(-1, 1)) | Box(x=(-1, 1), y=(-2, 2))),
    ("plate with hole", _square - _hole),
    ("plate with holes", _square - _hole - Ball(x=-0.6, y=0, radius=0.2)),
    ("notched plate", Box(x=(0, 1), y=(0, 1)) - Ball(x=0, y=0, radius=0.5)),
    ("annulus", _disc - _hole - Ball(x=-0.6, y=0, radius=0.2)),
    ("lens", _disc & _beside),
    ("two discs", _disc | _beside),
    ("crescent", _disc - _beside),
    ("stadium", Box(x=(0, 1), y=(-1, 1)) | _disc | _beside),
    ("refilled", (_disc | Box(x=(0, 2), y=(-1, 1))) - _disc),
    ("half circle", _disc.boundary & Box(x=(0, 1), y=(-1, 1))),
    ("triangle", Polygon([(0, 0), (0, 1), (2, 0)])),
    ("arrow", _arrow),
    ("side", _arrow.sides[1]),
    ("two sides", _arrow.sides[0] | _arrow.sides[4]),
    ("arrow with hole", _arrow - Ball(x=0, y=0.5, radius=0.2)),
    ("cut arrow", _arrow & Box(x=(-1, 0), y=(-1, 1))),
    ("arrow in time", _arrow * Box(t=(0, 2))),
    ("disc in time", _disc * Box(t=(0, 2))),
    ("circle in time", _disc.boundary * Box(t=(0, 2))),
    ("disc at start", _disc * Box(t=(0, 2)).at(t=0)),
    (
        "notched plate in time",
        (Box(x=(0, 1), y=(0, 1)) - Ball(x=0, y=0, radius=0.5)) * Box(t=(0, 2)),
    ),
    ("implicit ball", Implicit(Egg())),
    ("implicit torus", Implicit(Torus())),
    ("implicit surface", Implicit(Torus()).boundary),
    ("ellipse", _ellipse),
    ("line around an ellipse", _ellipse.boundary),
    ("ellipse with hole", _ellipse - _hole),
    ("half ellipse", _ellipse & Box(x=(0, 2), y=(-1, 1))),
    ("ellipse with handle", _ellipse | Ball(x=2, y=0)),
    ("ellipse in time", _ellipse * Box(t=(0, 2))),
    ("cloud", PointCloud([[0.0, 1.0], [1.0, 0.5], [2.0, 0.0]], normals=[[1, 0], [0, 1], [3, 4]])),
]

ALL_QUADRATURES: list[Quadrature] = [Sobol(64), MonteCarlo(64), GaussLegendre(4), Grid(4)]

ALL_REGULARISERS: list[Regulariser] = [Eikonal(), Viscosity(), Heat(), SingularHessian(), Area()]


def _singular(p):
    return exp(-p.x) * sin(2 * p.y), sqrt(p.x + 1)


def _siren(seed, outputs=2, **options):
    given = {"width": 5, "depth": 2, "frequency": (1.3, 0.7), "hidden_frequency": 1.4, **options}
    return Siren(2, outputs, centre=(0.2, -0.1), seed=seed, **given)


_unit = Box(x=(0, 1), y=(0, 1))
_stretching = GridStretching(0, 0.0, 1.0, (0.5,), (0.1,))
_module = torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1))

ALL_FIELDS: dict[str, Field] = {
    "one layer": _siren(0, depth=1),
    "two layers": _siren(1, outputs=1),
    "three layers": _siren(2, depth=3),
    "one coordinate": Siren(1, width=5),
    "three coordinates": Siren(3, width=4, depth=2),
    "periodic": _siren(3, period=(2.0, None)),
    "random features": Siren(2).with_random_features(9, torch.tensor([3.0, 2.0]), 0),
    "waves of a lattice": Cosines((3, 4)),
    "constant": Unknown(0.3),
    "system": System(u=_siren(4), q=_siren(5, outputs=1), nu=Unknown(0.1)),
    "values held": Ansatz(_siren(6, 1), lift=lambda p: p.x * p.y, vanishing_on=_unit.boundary),
    "fluxes held": Ansatz(
        _siren(7, 1), vanishing_on=_unit.at(x=0), flux={_unit.at(y=1): lambda p, u: p.x + 2 * u}
    ),
    "other coordinates": Mapped(_siren(8), lambda p: (p[0] ** 2 + 1, p[0] + p[1])),
    "singular part": Enriched(_siren(9, 1), _singular, terms=2),
    "module": Generic(_module.double(), 2),
    "shifted": Shifted(_siren(10), 1, 0.7),
    "stretched": Stretched(_siren(11), _stretching),
    "between mirrors": Mirrored(_siren(17), [Mirror(0, 0.5, 0.5), Mirror(1, -0.2, 2.0)]),
    "one coordinate of two": Projected(Siren(1, 2, width=5, depth=2), (1,), 2),
    "coordinates in another order": Projected(_siren(16), (1, 0), 2),
    "piecewise": Piecewise(0, [0.3, 0.6], [_siren(seed) for seed in (12, 13, 14)]),
    "refined": Refined(_siren(15, 1), [Splines((-1.0, -1.0), 0.5, torch.ones(8, 8).double())]),
}
