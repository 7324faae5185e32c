"""Helmholtz' equation with modes 6 and 6:  Δu + k² u = f in [−1, 1]²,  u = 0 on ∂Ω,  k = 10."""

from siren_pde import Box, Problem, lap, on, pi, sin, solve

k, a, b = 10, 6, 6
square = Box(x=(-1, 1), y=(-1, 1))


def exact(p):
    x, y = p
    return sin(a * pi * x) * sin(b * pi * y)


@on(square)
def helmholtz(p, u):
    return lap(u) + k**2 * u - (k**2 - (a**2 + b**2) * pi**2) * exact(p)


@on(square.boundary)
def dirichlet(p, u):
    return u


problem = Problem(helmholtz, dirichlet, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
