"""Bratu2D:  −Δu − λ eᵘ = f in (0, 1)²,  λ = 1,  u = 0 on all sides,  u = sin πx sin πy inside."""

from siren_pde import Box, Problem, exp, lap, on, pi, sin, solve

strength = 1
square = Box(x=(0, 1), y=(0, 1))


def exact(p):
    return sin(pi * p.x) * sin(pi * p.y)


@on(square)
def bratu(p, u):
    return -lap(u) - strength * exp(u) - 2 * pi**2 * exact(p) + strength * exp(exact(p))


@on(square.boundary)
def dirichlet(p, u):
    return u


problem = Problem(bratu, dirichlet, exact=exact)


if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
