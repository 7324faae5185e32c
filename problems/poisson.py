"""Poisson's equation on the unit square:  −Δu = f in Ω,  u = 0 on ∂Ω."""

from siren_pde import Box, Problem, lap, on, pi, sin, solve

square = Box(x=(0, 1), y=(0, 1))


def exact(p):
    x, y = p
    return sin(pi * x) * sin(pi * y)


@on(square)
def poisson(p, u):
    return lap(u) + 2 * pi**2 * exact(p)


@on(square.boundary)
def dirichlet(p, u):
    return u


problem = Problem(poisson, dirichlet, exact=exact)

if __name__ == "__main__":
    solution = solve(problem)
    print(f"relative L² error: {solution.error():.1e}")
