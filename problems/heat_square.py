"""The heat equation in a square:  u_t = α Δu on (0, 1)² × (0, 1),  walls kept at 0."""

from siren_pde import Box, Problem, d, exp, lap, on, pi, sin, solve

alpha = 0.05
room = Box(x=(0, 1), y=(0, 1), t=(0, 1))
walls = room.at(x=0) | room.at(x=1) | room.at(y=0) | room.at(y=1)


def exact(p):
    x, y, t = p
    return exp(-5 * alpha * pi**2 * t) * sin(pi * x) * sin(2 * pi * y)


@on(room)
def heat(p, u):
    return d(u, p.t) - alpha * lap(u, p.x, p.y)


@on(room.at(t=0))
def start(p, u):
    return u - sin(pi * p.x) * sin(2 * pi * p.y)


@on(walls)
def cold(p, u):
    return u


problem = Problem(heat, start, cold, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
