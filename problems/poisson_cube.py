"""Poisson's equation in the unit cube:  −Δu = 3π² u* in Ω,  u = 0 on ∂Ω,  u* = Π sin πxᵢ."""

from siren_pde import Box, Problem, lap, on, pi, sin, solve

cube = Box(x=(0, 1), y=(0, 1), z=(0, 1))


def exact(p):
    x, y, z = p
    return sin(pi * x) * sin(pi * y) * sin(pi * z)


@on(cube)
def poisson(p, u):
    return lap(u) + 3 * pi**2 * exact(p)


@on(cube.boundary)
def dirichlet(p, u):
    return u


problem = Problem(poisson, dirichlet, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
