"""PoissonND:  −Δu = f in (0, 1)⁵,  u = Σ sin(πxᵢ/2) on all ten faces and inside."""

from siren_pde import Box, Problem, lap, on, pi, sin, solve

cube = Box(**{f"x{i}": (0, 1) for i in range(5)})


def exact(p):
    return sum(sin(pi / 2 * x) for x in p)


@on(cube)
def poisson(p, u):
    return lap(u) + (pi / 2) ** 2 * exact(p)


@on(cube.boundary)
def dirichlet(p, u):
    return u - exact(p)


problem = Problem(poisson, dirichlet, exact=exact)


if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
