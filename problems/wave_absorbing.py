"""A pulse that leaves:  u_tt = c² u_xx on (−1, 1) × (0, 2),  u_t + c u_n = 0 at both ends."""

from siren_pde import Box, Problem, d, dot, exp, grad, on, solve

c, width = 1, 0.1
strip = Box(x=(-1, 1), t=(0, 2))


def pulse(s):
    return exp(-((s / width) ** 2) / 2)


def exact(p):
    x, t = p
    return (pulse(x - c * t) + pulse(x + c * t)) / 2


@on(strip)
def wave(p, u):
    return d(u, p.t, p.t) - c**2 * d(u, p.x, p.x)


@on(strip.at(x=-1) | strip.at(x=1))
def absorbing(p, u):
    return d(u, p.t) + c * dot(grad(u), p.normal)


@on(strip.at(t=0))
def start(p, u):
    return u - pulse(p.x), d(u, p.t)


problem = Problem(wave, absorbing, start, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
