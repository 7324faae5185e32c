"""A pulse between walls:  u_tt = u_xx on (0, 1) × (0, 2),  u = 0 at both ends,  started at rest."""

from siren_pde import Box, Problem, d, exp, on, solve

width = 0.05
strip = Box(x=(0, 1), t=(0, 2))


def pulse(s):
    return exp(-(((s - 0.4) / width) ** 2) / 2)


def line(s):
    """The pulse and its images, continued oddly across both walls."""
    return sum(pulse(s - 2 * n) - pulse(2 * n - s) for n in range(-1, 3))


def exact(p):
    """d'Alembert: half of it travels each way."""
    x, t = p
    return (line(x - t) + line(x + t)) / 2


@on(strip)
def wave(p, u):
    return d(u, p.t, p.t) - d(u, p.x, p.x)


@on(strip.at(x=0) | strip.at(x=1))
def walls(p, u):
    return u


@on(strip.at(t=0))
def shape(p, u):
    return u - line(p.x)


@on(strip.at(t=0))
def rest(p, u):
    return d(u, p.t)


problem = Problem(wave, walls, shape, rest, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
