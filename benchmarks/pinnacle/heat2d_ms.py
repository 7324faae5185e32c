"""PINNacle's Heat2d-MS:  u_t = a u_xx + b u_yy,  u = 0 on ∂Ω,  u(t = 0) = sin 20πx sin πy.

With a = 1/(500π)² and b = 1/π² this is one mode, and known: no grid of values is needed.
"""

from siren_pde import Box, Problem, d, exp, on, pi, sin, solve

a, b = 1 / (500 * pi) ** 2, 1 / pi**2
room = Box(x=(0, 1), y=(0, 1), t=(0, 5))
walls = room.at(x=0) | room.at(x=1) | room.at(y=0) | room.at(y=1)


def exact(p):
    x, y, t = p
    return sin(20 * pi * x) * sin(pi * y) * exp(-(a * (20 * pi) ** 2 + b * pi**2) * t)


@on(room)
def heat(p, u):
    return d(u, p.t) - a * d(u, p.x, p.x) - b * d(u, p.y, p.y)


@on(room.at(t=0))
def start(p, u):
    return u - sin(20 * pi * p.x) * sin(pi * p.y)


@on(walls)
def cold(p, u):
    return u


problem = Problem(heat, start, cold, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
