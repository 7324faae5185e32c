"""Laplace's equation in an L:  Δu = 0,  by powers of z^{2/3}, since these are its corner's;
u = Im exp(z^{2/3}) on ∂Ω."""

from siren_pde import Enriched, Polygon, Problem, Siren, arctan, cos, exp, lap, on, pi, sin, solve

ell = Polygon([(0, 0), (1, 0), (1, 1), (-1, 1), (-1, -1), (0, -1)])


def polar(p):
    """Size and angle of z^{2/3}, the angle of z growing from the side along x to that along y."""
    x, y = p
    r = (x**2 + y**2) ** 0.5
    return r ** (2 / 3), 4 / 3 * arctan((x + y) / (x - y - 2**0.5 * r)) + pi / 2


def exact(p):
    size, angle = polar(p)
    return exp(size * cos(angle)) * sin(size * sin(angle))


def singular(p):
    size, angle = polar(p)
    return [size**k * sin(k * angle) for k in (1, 2, 4, 5, 7, 8)]


@on(ell)
def laplace(p, u):
    return lap(u)


@on(ell.boundary)
def dirichlet(p, u):
    return u - exact(p)


problem = Problem(laplace, dirichlet, exact=exact)
field = Enriched(Siren(2), singular, terms=6)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
