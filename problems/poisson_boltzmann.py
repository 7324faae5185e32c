"""The Poisson-Boltzmann equation:  −Δu + κ² sinh u = f in Ω = (−1, 1)²,  u = 0 on ∂Ω,  κ = 3."""

from siren_pde import Box, Problem, cos, lap, on, pi, sinh, solve

kappa = 3
square = Box(x=(-1, 1), y=(-1, 1))


def exact(p):
    x, y = p
    return 2 * cos(pi / 2 * x) * cos(pi / 2 * y)


@on(square)
def poisson_boltzmann(p, u):
    source = pi**2 / 2 * exact(p) + kappa**2 * sinh(exact(p))
    return -lap(u) + kappa**2 * sinh(u) - source


@on(square.boundary)
def dirichlet(p, u):
    return u


problem = Problem(poisson_boltzmann, dirichlet, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
