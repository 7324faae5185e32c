"""The wave equation:  u_tt = c² u_xx on (0, 1)²,  c = 2,  fixed ends, started at rest."""

from siren_pde import Box, Problem, cos, d, on, pi, sin, solve

c = 2
strip = Box(x=(0, 1), t=(0, 1))


def exact(p):
    x, t = p
    return sin(pi * x) * cos(c * pi * t) + sin(4 * pi * x) * cos(4 * c * pi * t) / 2


@on(strip)
def wave(p, u):
    x, t = p
    return d(u, t, t) - c**2 * d(u, x, x)


@on(strip.at(x=0) | strip.at(x=1))
def ends(p, u):
    return u


@on(strip.at(t=0))
def shape(p, u):
    x, t = p
    return u - sin(pi * x) - sin(4 * pi * x) / 2


@on(strip.at(t=0))
def rest(p, u):
    x, t = p
    return d(u, t)


problem = Problem(wave, ends, shape, rest, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
