"""Advection:  u_t + c u_x = 0 on (0, 1)²,  c = 3,  known at the start and where it flows in."""

from siren_pde import Box, Problem, cos, d, on, pi, sin, solve

c = 3
strip = Box(x=(0, 1), t=(0, 1))


def exact(p):
    x, t = p
    return sin(2 * pi * (x - c * t)) + cos(4 * pi * (x - c * t)) / 3


@on(strip)
def advection(p, u):
    return d(u, p.t) + c * d(u, p.x)


@on(strip.at(t=0) | strip.at(x=0))
def inflow(p, u):
    return u - exact(p)


problem = Problem(advection, inflow, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
