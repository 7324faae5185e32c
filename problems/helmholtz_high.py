"""Helmholtz' equation at k = 50:  Δu + k² u = 0 in the unit square,  u a plane wave on ∂Ω."""

from siren_pde import Box, Problem, lap, on, sin, solve

k = 50
square = Box(x=(0, 1), y=(0, 1))


def exact(p):
    x, y = p
    return sin(k * (0.6 * x + 0.8 * y) + 1)


@on(square)
def helmholtz(p, u):
    return lap(u) / k**2 + u


@on(square.boundary)
def dirichlet(p, u):
    return u - exact(p)


problem = Problem(helmholtz, dirichlet, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
