"""HeatND:  u_t − Δu/5 = −|x|² u*/5 in a five-dimensional unit ball,  ∂u/∂n = u* on its sphere.

u* = exp(|x|²/2 + t), which also starts it, for t in (0, 1).
"""

from siren_pde import Ball, Box, Problem, d, dot, exp, grad, lap, on, solve

ball = Ball(**{f"x{i}": 0 for i in range(5)})
time = Box(t=(0, 1))


def square(p):
    """|x|², of the coordinates in space."""
    return p.x0**2 + p.x1**2 + p.x2**2 + p.x3**2 + p.x4**2


def exact(p):
    return exp(square(p) / 2 + p.t)


@on(ball * time)
def heat(p, u):
    return d(u, p.t) - lap(u) / 5 + square(p) * exact(p) / 5


@on(ball * time.at(t=0))
def start(p, u):
    return u - exact(p)


@on(ball.boundary * time)
def neumann(p, u):
    return dot(grad(u), p.normal) - exact(p)


problem = Problem(heat, start, neumann, exact=exact)


if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
