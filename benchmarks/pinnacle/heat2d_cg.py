"""PINNacle's Heat2d-CG:  u_t = Δu around 17 circles,  ∂u/∂n = g − u outwards,  u(t = 0) = 0.
g = 5 on circles of radius 1, 1 on those of 0.4, and 0.1 on the sides of the rectangle."""

from siren_pde import Ball, Box, Problem, d, dot, grad, lap, on, reference

plane, time = Box(x=(-8, 8), y=(-12, 12)), Box(t=(0, 3))
large, small = Ball(x=0, y=0, radius=1), Ball(x=-3.2, y=0, radius=0.4)
for a, b in [(0, -6), (0, 6), *((a, b) for a in (-4, 4) for b in (-9, -3, 3, 9))]:
    large |= Ball(x=a, y=b, radius=1)
for a, b in [(3.2, 0), *((a, b) for a in (-3.2, 3.2) for b in (-6, 6))]:
    small |= Ball(x=a, y=b, radius=0.4)
around = plane - (large | small)


@on(around * time)
def heat(p, u):
    return d(u, p.t) - lap(u, p.x, p.y)


@on(around * time.at(t=0))
def start(p, u):
    return u


@on(large.boundary * time)
def hot(p, u):
    return dot(grad(u), p.normal) + 5 - u


@on(small.boundary * time)
def warm(p, u):
    return dot(grad(u), p.normal) + 1 - u


@on(plane.boundary * time)
def sides(p, u):
    return dot(grad(u), p.normal) - 0.1 + u


problem = Problem(heat, start, hot, warm, sides, truth=reference("heat2d_cg"))
