"""PINNacle's PNd:  Δu = −π²/4 Σ sin(πxᵢ/2) in (0, 1)⁵,  u = Σ sin(πxᵢ/2) on the boundary."""

from siren_pde import Box, Problem, lap, on, pi, sin, solve

cube = Box(**{f"x{i}": (0, 1) for i in range(1, 6)})


def exact(p):
    return sum(sin(pi * x / 2) for x in p)


@on(cube)
def poisson(p, u):
    return lap(u) + pi**2 / 4 * exact(p)


@on(cube.boundary)
def dirichlet(p, u):
    return u - exact(p)


problem = Problem(poisson, dirichlet, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
