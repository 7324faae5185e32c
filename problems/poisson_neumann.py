"""Slopes alone:  Δu = f in the unit square,  ∂u/∂n = g on ∂Ω,  and u = 0 in its middle."""

from siren_pde import Box, PointCloud, Problem, cos, dot, exp, grad, lap, on, pi, solve

square = Box(x=(0, 1), y=(0, 1))
middle = PointCloud([[0.5, 0.5]])


def exact(p):
    x, y = p
    return cos(pi * x) * cos(2 * pi * y) + exp(x) * y - exp(0.5) / 2


@on(square)
def poisson(p, u):
    x, y = p
    return lap(u) + 5 * pi**2 * cos(pi * x) * cos(2 * pi * y) - exp(x) * y


@on(square.boundary)
def neumann(p, u):
    return dot(grad(u) - grad(exact(p)), p.normal)


@on(middle)
def pinned(p, u):
    return u


problem = Problem(poisson, neumann, pinned, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
