"""Wave1D:  u_tt = 4 u_xx on (0, 1)²,  ends kept at 0,  modes 1 and 4 started at rest."""

from siren_pde import Box, Problem, cos, d, on, pi, sin, solve

strip = Box(x=(0, 1), t=(0, 1))


def mode(p, k):
    return sin(k * pi * p.x) * cos(2 * k * pi * p.t)


def exact(p):
    return mode(p, 1) + mode(p, 4) / 2


@on(strip)
def wave(p, u):
    return d(u, p.t, p.t) - 4 * d(u, p.x, p.x)


@on(strip.at(x=0) | strip.at(x=1))
def ends(p, u):
    return u


@on(strip.at(t=0))
def start(p, u):
    return u - sin(pi * p.x) - sin(4 * pi * p.x) / 2, d(u, p.t)


problem = Problem(wave, ends, start, exact=exact)


if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
