"""Poisson's equation in the unit disk:  Δu = f in Ω,  u = g on ∂Ω,  for u* = eˣ cos 3y + x y²."""

from siren_pde import Ball, Problem, cos, exp, lap, on, solve

disk = Ball(x=0, y=0, radius=1)


def exact(p):
    x, y = p
    return exp(x) * cos(3 * y) + x * y**2


@on(disk)
def poisson(p, u):
    x, y = p
    return lap(u) + 8 * exp(x) * cos(3 * y) - 2 * x


@on(disk.boundary)
def dirichlet(p, u):
    return u - exact(p)


problem = Problem(poisson, dirichlet, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
