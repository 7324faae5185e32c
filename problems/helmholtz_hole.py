"""Waves around a pillar:  Δu + k² u = 0,  ∂u/∂n given on a round hole,  u given on a square."""

from siren_pde import Ball, Box, Problem, cos, dot, grad, lap, on, sin, solve

k = 10
square = Box(x=(-1, 1), y=(-1, 1))
pillar = Ball(x=0.2, y=-0.1, radius=0.4)


def exact(p):
    x, y = p
    return sin(k * (0.6 * x + 0.8 * y) + 1) + cos(k * (0.8 * x - 0.6 * y))


@on(square - pillar)
def helmholtz(p, u):
    return lap(u) / k**2 + u


@on(pillar.boundary)
def neumann(p, u):
    return dot(grad(u) - grad(exact(p)), p.normal) / k


@on(square.boundary)
def dirichlet(p, u):
    return u - exact(p)


problem = Problem(helmholtz, neumann, dirichlet, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
