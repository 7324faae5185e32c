"""PINNacle's Wave2d-MS:  u_tt = u_xx + 2 u_yy in (0, 1)² to t = 100, the walls moved by cos πt.

The solution that comes with it, w cos πt, solves u_tt = −u_xx − 2 u_yy instead, and no speed at the
start is given. Here the equation, w and the walls are as stated, and the start is at rest, as that
of w cos πt; the truth is the solution of this problem, by series, from which w cos πt is 10 % away.
"""

from siren_pde import Box, Problem, cos, d, on, pi, reference, sin, sinh, solve

square, time = Box(x=(0, 1), y=(0, 1)), Box(t=(0, 100))
room = square * time


def w(p):
    return sin(pi * p.x) * sinh(pi * p.y) + sinh(3 * pi * p.x) * sin(2 * pi * p.y)


@on(room)
def wave(p, u):
    return d(u, p.t, p.t) - d(u, p.x, p.x) - 2 * d(u, p.y, p.y)


@on(square.boundary * time)
def walls(p, u):
    return u - w(p) * cos(pi * p.t)


@on(room.at(t=0))
def start(p, u):
    return u - w(p), d(u, p.t)


problem = Problem(wave, walls, start, truth=reference("wave2d_ms"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
