"""Poisson's equation in an ellipse with a round hole, boundary values exact."""

from siren_pde import Ansatz, Ball, Problem, Siren, exp, lap, on
from tests.third_party.ellipse import Ellipse

plate = Ellipse(2.0, 1.0) - Ball(x=0.5, y=0, radius=0.4)


def lift(p):
    return p.x * p.y


def exact(p):
    return lift(p) + plate.boundary.boundary_function(p) * exp(p.x / 3)


@on(plate)
def poisson(p, u):
    return lap(u) - lap(exact(p))


def held(network):
    """A network whose values on the boundary are those of the lift, whatever its parameters."""
    return Ansatz(network, lift=lift, vanishing_on=plate.boundary)


problem, field = Problem(poisson, exact=exact), held(Siren(2))
