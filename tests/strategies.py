"""All members of every family, so that each law is tested on all of them: add yours here."""

import torch

from siren_pde.calculus.functions import sqrt
from siren_pde.collocation.quadrature import GaussLegendre, Grid, MonteCarlo, Quadrature, Sobol
from siren_pde.domains.ball import Ball
from siren_pde.domains.base import Domain
from siren_pde.domains.box import Box
from siren_pde.domains.cloud import PointCloud
from siren_pde.domains.implicit import Implicit
from siren_pde.domains.polygon import Polygon
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
