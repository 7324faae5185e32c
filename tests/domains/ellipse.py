"""A domain as a user writes it: nothing in the package names it."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from scipy.special import ellipe

from siren_pde.domains.base import Image, Piece


@final
@dataclass(frozen=True)
class Ellipse(Piece):
    """(x/a)² + (y/b)² ≤ 1."""

    a: float
    b: float
    axes = ("x", "y")
    dimension = 2

    @property
    def measure(self):
        return math.pi * self.a * self.b

    @property
    def bounds(self):
        return (-self.a, -self.b), (self.a, self.b)

    @cached_property
    def boundary(self):
        return Edge(self)

    def level(self, x, y):
        return (x / self.a) ** 2 + (y / self.b) ** 2

    def holds(self, x, tolerance):
        return self.level(*x.T).sqrt() <= 1 + tolerance / min(self.a, self.b)

    def chart(self, u):
        radius, angle = u[:, 0].sqrt(), 2 * math.pi * u[:, 1]
        return Image(torch.stack([self.a * radius * angle.cos(), self.b * radius * angle.sin()], 1))


@final
@dataclass(frozen=True)
class Edge(Piece):
    """The line around an ellipse: angles drawn in proportion to the length they pass."""

    ellipse: Ellipse
    axes = ("x", "y")
    dimension = 1
    inputs = 2

    @property
    def measure(self):
        low, high = sorted((self.ellipse.a, self.ellipse.b))
        return 4 * high * float(ellipe(1 - (low / high) ** 2))

    @property
    def bounds(self):
        return self.ellipse.bounds

    @property
    def boundary(self):
        raise ValueError("a closed line has no ends.")

    def holds(self, x, tolerance):
        off = self.ellipse.level(*x.T).sqrt() - 1
        return off.abs() <= tolerance / min(self.ellipse.a, self.ellipse.b)

    def chart(self, u):
        a, b, angle = self.ellipse.a, self.ellipse.b, 2 * math.pi * u[:, 0]
        way = torch.stack([b * angle.cos(), a * angle.sin()], 1)
        speed = torch.linalg.vector_norm(way, dim=1)
        x = torch.stack([a * angle.cos(), b * angle.sin()], 1)
        return Image(x, way / speed[:, None], kept=u[:, 1] * max(a, b) < speed)

    def boundary_function(self, p):
        return 1 - self.ellipse.level(p.x, p.y)
