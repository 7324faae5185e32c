"""A pulse between walls:  u_tt = u_xx on (0, 1) × (0, 2),  u = 0 at both ends,  started at rest."""

from siren_pde import Box, Problem, d, exp, on, solve

strip = Box(x=(0, 1), t=(0, 2))


def pulses(s):
    """A pulse of width 0.05 and its images, which continue it oddly across both walls."""
    places = [(0.4 + 2 * n, 1) for n in range(-1, 3)] + [(-0.4 + 2 * n, -1) for n in range(-1, 3)]
    return sum(sign * exp(-(((s - place) / 0.05) ** 2) / 2) for place, sign in places)


def exact(p):
    """d'Alembert: half of it travels each way."""
    return (pulses(p.x - p.t) + pulses(p.x + p.t)) / 2


@on(strip)
def wave(p, u):
    return d(u, p.t, p.t) - d(u, p.x, p.x)


@on(strip.at(x=0) | strip.at(x=1))
def walls(p, u):
    return u


@on(strip.at(t=0))
def start(p, u):
    return u - pulses(p.x), d(u, p.t)


problem = Problem(wave, walls, start, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
