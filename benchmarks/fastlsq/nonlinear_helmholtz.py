"""NLHelmholtz2D:  Δu + k² u + α u³ = f in (0, 1)²,  u = sin kx sin ky,  k = 3,  α = 1/2."""

from siren_pde import Box, Problem, lap, on, sin, solve

k, alpha = 3, 0.5
square = Box(x=(0, 1), y=(0, 1))


def exact(p):
    return sin(k * p.x) * sin(k * p.y)


@on(square)
def helmholtz(p, u):
    return lap(u) + k**2 * u + alpha * u**3 + k**2 * exact(p) - alpha * exact(p) ** 3


@on(square.boundary)
def dirichlet(p, u):
    return u - exact(p)


problem = Problem(helmholtz, dirichlet, exact=exact)


if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
