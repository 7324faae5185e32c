"""An ellipse, and the line around it: domains that the package does not name."""

from dataclasses import dataclass
from typing import final

import torch
from scipy.special import ellipe

from siren_pde.extend import Image, Piece


@final
@dataclass(frozen=True)
class Ellipse(Piece):
    """(x/a)² + (y/b)² ≤ 1."""

    a: float
    b: float
    axes, dimension = ("x", "y"), 2
    measure = property(lambda self: torch.pi * self.a * self.b)
    bounds = property(lambda self: ((-self.a, -self.b), (self.a, self.b)))
    boundary = property(lambda self: Edge(self))

    def level(self, x, y):
        return (x / self.a) ** 2 + (y / self.b) ** 2

    def holds(self, x, tolerance):
        return self.level(*x.T).sqrt() <= 1 + tolerance / min(self.a, self.b)

    def chart(self, u):
        radius, angle = u[:, 0].sqrt(), 2 * torch.pi * u[:, 1]
        return Image(torch.stack([self.a * radius * angle.cos(), self.b * radius * angle.sin()], 1))


@final
@dataclass(frozen=True)
class Edge(Piece):
    """The line around an ellipse: angles drawn in proportion to the length they pass."""

    ellipse: Ellipse
    axes, dimension, inputs = ("x", "y"), 1, 2
    bounds = property(lambda self: self.ellipse.bounds)
    boundary = property(lambda self: None)  # a closed line has no ends
    measure = property(
        lambda self: 4 * self.ellipse.a * float(ellipe(1 - (self.ellipse.b / self.ellipse.a) ** 2))
    )

    def holds(self, x, tolerance):
        off = (self.ellipse.level(*x.T).sqrt() - 1).abs()
        return off <= tolerance / min(self.ellipse.a, self.ellipse.b)

    def chart(self, u):
        a, b, angle = self.ellipse.a, self.ellipse.b, 2 * torch.pi * u[:, 0]
        way = torch.stack([b * angle.cos(), a * angle.sin()], 1)
        speed = way.norm(dim=1)
        x = torch.stack([a * angle.cos(), b * angle.sin()], 1)
        return Image(x, way / speed[:, None], kept=u[:, 1] * max(a, b) < speed)

    def boundary_function(self, p):
        return 1 - self.ellipse.level(p.x, p.y)
