"""Helmholtz2D:  Δu + k² u = f in (0, 1)²,  u = sin kx sin ky on all sides and inside,  k = 10."""

from siren_pde import Box, Problem, lap, on, sin, solve

k = 10
square = Box(x=(0, 1), y=(0, 1))


def exact(p):
    return sin(k * p.x) * sin(k * p.y)


@on(square)
def helmholtz(p, u):
    return lap(u) + k**2 * u + k**2 * exact(p)


@on(square.boundary)
def dirichlet(p, u):
    return u - exact(p)


problem = Problem(helmholtz, dirichlet, exact=exact)


if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
