"""NLPoisson2D:  −Δu + u³ = f in (0, 1)²,  u = 0 on all sides,  u = sin πx sin πy inside."""

from siren_pde import Box, Problem, lap, on, pi, sin, solve

square = Box(x=(0, 1), y=(0, 1))


def exact(p):
    return sin(pi * p.x) * sin(pi * p.y)


@on(square)
def poisson(p, u):
    return -lap(u) + u**3 - 2 * pi**2 * exact(p) - exact(p) ** 3


@on(square.boundary)
def dirichlet(p, u):
    return u


problem = Problem(poisson, dirichlet, exact=exact)


if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
