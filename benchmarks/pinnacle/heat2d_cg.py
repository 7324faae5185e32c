"""PINNacle's Heat2d-CG:  u_t = Δu around 17 circles,  ∂u/∂n = g − u outwards,  u(t = 0) = 0.

g = 5 on circles of radius 1, 1 on those of 0.4, and 0.1 on the sides of the rectangle.
"""

from siren_pde import Ball, Box, Problem, d, dot, grad, lap, on, reference, solve

plane, time = Box(x=(-8, 8), y=(-12, 12)), Box(t=(0, 3))
large, small = Ball(x=0, y=0, radius=1), Ball(x=-3.2, y=0, radius=0.4)
for a, b in [(0, -6), (0, 6), *((a, b) for a in (-4, 4) for b in (-9, -3, 3, 9))]:
    large = large | Ball(x=a, y=b, radius=1)
for a, b in [(3.2, 0), *((a, b) for a in (-3.2, 3.2) for b in (-6, 6))]:
    small = small | Ball(x=a, y=b, radius=0.4)
around = plane - (large | small)


@on(around * time)
def heat(p, u):
    return d(u, p.t) - lap(u, p.x, p.y)


@on(around * time.at(t=0))
def start(p, u):
    return u


def robin(part, given, outwards):
    return on(part * time)(lambda p, u: outwards * dot(grad(u), p.normal) - (given - u))


problem = Problem(
    *(heat, start, robin(large.boundary, 5, -1), robin(small.boundary, 1, -1)),
    robin(plane.boundary, 0.1, 1),
    truth=reference("heat2d_cg"),
)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
