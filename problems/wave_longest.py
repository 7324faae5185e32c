"""The wave equation for a hundred periods:  u_tt = c² u_xx on (0, 1) × (0, 100),  c = 2."""

from siren_pde import Box, Problem, cos, d, on, pi, sin, solve

c = 2
strip = Box(x=(0, 1), t=(0, 100))


def mode(p, k):
    return sin(k * pi * p.x) * cos(k * c * pi * p.t)


def exact(p):
    return mode(p, 1) + mode(p, 3) / 2 + mode(p, 4) / 3


@on(strip)
def wave(p, u):
    return d(u, p.t, p.t) - c**2 * d(u, p.x, p.x)


@on(strip.at(x=0) | strip.at(x=1))
def ends(p, u):
    return u


@on(strip.at(t=0))
def shape(p, u):
    return u - exact(p)


@on(strip.at(t=0))
def rest(p, u):
    return d(u, p.t)


problem = Problem(wave, ends, shape, rest, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
