"""PINNacle's Poisson3d-CG:  −Δu + k² u = f around four spheres,  ∂u/∂n = 0,  k = 8 and 10."""

from siren_pde import Ball, Box, Problem, dot, exp, grad, lap, on, pi, reference, sin, solve

cube = Box(x=(0, 1), y=(0, 1), z=(0, 1))
below, above = Box(x=(0, 1), y=(0, 1), z=(0, 0.5)), Box(x=(0, 1), y=(0, 1), z=(0.5, 1))
first, second = Ball(x=0.4, y=0.3, z=0.6, radius=0.2), Ball(x=0.6, y=0.7, z=0.6, radius=0.2)
third, fourth = Ball(x=0.2, y=0.8, z=0.7, radius=0.1), Ball(x=0.6, y=0.2, z=0.3, radius=0.1)
spheres = first | second | third | fourth


def source(p):
    x, y, z = p
    square, a, b, c = x**2 + y**2 + z**2, sin(pi * x), sin(10 * pi * y), sin(5 * pi * z)
    return 20 * exp(a + b + c) * (square - 1) / (square + 1) + 100 * a * b * c


@on(below - spheres)
def lower(p, u):
    return 8**2 * u - lap(u) - source(p)


@on(above - spheres)
def upper(p, u):
    return 10**2 * u - lap(u) - source(p)


@on((cube - spheres).boundary)
def closed(p, u):
    return dot(grad(u), p.normal)


problem = Problem(lower, upper, closed, truth=reference("poisson3d_cg"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
