"""Three kinds of boundary:  Δu = f in a square,  u, ∂u/∂n or ∂u/∂n + u given on its sides."""

from siren_pde import Box, Problem, d, exp, lap, on, pi, sin, solve

square = Box(x=(0, 1), y=(0, 1))


def exact(p):
    x, y = p
    return exp(y) * sin(pi * x)


@on(square)
def poisson(p, u):
    return lap(u) - (1 - pi**2) * exact(p)


@on(square.at(x=0) | square.at(x=1))
def dirichlet(p, u):
    return u


@on(square.at(y=0))
def neumann(p, u):
    return d(u, p.y) - sin(pi * p.x)


@on(square.at(y=1))
def robin(p, u):
    return d(u, p.y) + u - 2 * exact(p)


problem = Problem(poisson, dirichlet, neumann, robin, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
