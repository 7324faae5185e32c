"""A smooth coefficient:  −div(k ∇u) = f in the unit square,  u given on ∂Ω,  k = e^{x − y} + x²."""

from siren_pde import Box, Problem, cos, div, exp, grad, on, pi, sin, solve

square = Box(x=(0, 1), y=(0, 1))


def conductivity(p):
    x, y = p
    return exp(x - y) + x**2


def exact(p):
    x, y = p
    return sin(2 * pi * x) * cos(pi * y) + x * y


@on(square)
def poisson(p, u):
    return div(conductivity(p) * grad(u)) - div(conductivity(p) * grad(exact(p)))


@on(square.boundary)
def dirichlet(p, u):
    return u - exact(p)


problem = Problem(poisson, dirichlet, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
