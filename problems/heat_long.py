"""A rod heated in rhythm for long:  u_t = α u_xx + f on (0, 1) × (0, 40),  ends kept at 0."""

from siren_pde import Box, Problem, cos, d, exp, on, pi, sin, solve

alpha = 0.1
strip = Box(x=(0, 1), t=(0, 40))


def exact(p):
    x, t = p
    dying = exp(-alpha * (2 * pi) ** 2 * t) * sin(2 * pi * x)
    return dying + sin(3 * t) * sin(pi * x)


@on(strip)
def heat(p, u):
    x, t = p
    heating = (3 * cos(3 * t) + alpha * pi**2 * sin(3 * t)) * sin(pi * x)
    return d(u, t) - alpha * d(u, x, x) - heating


@on(strip.at(t=0))
def start(p, u):
    return u - sin(2 * pi * p.x)


@on(strip.at(x=0) | strip.at(x=1))
def ends(p, u):
    return u


problem = Problem(heat, start, ends, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
