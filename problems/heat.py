"""The heat equation:  u_t = α u_xx on (0, 1) × (0, 1),  ends kept at 0,  two modes."""

from siren_pde import Box, Problem, d, exp, on, pi, sin, solve

alpha = 0.1
strip = Box(x=(0, 1), t=(0, 1))


def mode(p, k):
    return exp(-alpha * (k * pi) ** 2 * p.t) * sin(k * pi * p.x)


def exact(p):
    return mode(p, 1) + mode(p, 3) / 2


@on(strip)
def heat(p, u):
    x, t = p
    return d(u, t) - alpha * d(u, x, x)


@on(strip.at(t=0))
def start(p, u):
    return u - sin(pi * p.x) - sin(3 * pi * p.x) / 2


@on(strip.at(x=0) | strip.at(x=1))
def ends(p, u):
    return u


problem = Problem(heat, start, ends, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
