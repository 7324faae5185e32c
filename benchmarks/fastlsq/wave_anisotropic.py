"""Wave2D_MS:  u_tt = T² (u_xx + 2 u_yy) on (0, 1)² × (0, 1),  T = 4,  u = 0 on the walls.

Time is in units of T, so that mode (1, 1), started at rest, swings 3.5 times until its end.
"""

from siren_pde import Box, Problem, cos, d, on, pi, sin, solve, sqrt

duration = 4
frequency = sqrt(3) * pi * duration
room = Box(x=(0, 1), y=(0, 1), t=(0, 1))


def shape(p):
    return sin(pi * p.x) * sin(pi * p.y)


def exact(p):
    return shape(p) * cos(frequency * p.t)


@on(room)
def wave(p, u):
    return d(u, p.t, p.t) - duration**2 * (d(u, p.x, p.x) + 2 * d(u, p.y, p.y))


@on(room.at(x=0) | room.at(x=1) | room.at(y=0) | room.at(y=1))
def walls(p, u):
    return u


@on(room.at(t=0))
def start(p, u):
    return u - shape(p), d(u, p.t)


problem = Problem(wave, walls, start, exact=exact)


if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
