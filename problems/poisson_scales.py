"""Two scales:  −Δu = f in the unit square,  u = 0 on ∂Ω,  modes 2 and 10, the fine one of 10 %."""

from siren_pde import Box, Problem, lap, on, pi, sin, solve

square = Box(x=(0, 1), y=(0, 1))


def mode(p, k):
    return sin(k * pi * p.x) * sin(k * pi * p.y)


def exact(p):
    return mode(p, 2) + mode(p, 10) / 10


@on(square)
def poisson(p, u):
    return lap(u) + 8 * pi**2 * mode(p, 2) + 20 * pi**2 * mode(p, 10)


@on(square.boundary)
def dirichlet(p, u):
    return u


problem = Problem(poisson, dirichlet, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
