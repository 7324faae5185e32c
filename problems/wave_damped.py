"""A damped wave:  u_tt + 2γ u_t = c² u_xx on (0, 1) × (0, 6),  fixed ends,  two modes die away."""

from siren_pde import Box, Problem, cos, d, exp, on, pi, sin, solve, sqrt

c, gamma = 1, 0.4
strip = Box(x=(0, 1), t=(0, 6))


def mode(p, k):
    """e^(−γt) (cos ωt + γ/ω sin ωt) sin kπx, which starts at rest."""
    omega = sqrt((k * pi * c) ** 2 - gamma**2)
    turned = cos(omega * p.t) + gamma / omega * sin(omega * p.t)
    return exp(-gamma * p.t) * turned * sin(k * pi * p.x)


def exact(p):
    return mode(p, 1) + mode(p, 3) / 2


@on(strip)
def wave(p, u):
    return d(u, p.t, p.t) + 2 * gamma * d(u, p.t) - c**2 * d(u, p.x, p.x)


@on(strip.at(x=0) | strip.at(x=1))
def ends(p, u):
    return u


@on(strip.at(t=0))
def start(p, u):
    return u - sin(pi * p.x) - sin(3 * pi * p.x) / 2, d(u, p.t)


problem = Problem(wave, ends, start, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
