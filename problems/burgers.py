"""The viscous Burgers equation:  u_t + u u_x = ν u_xx,  u(x, 0) = −sin πx,  u(±1, t) = 0."""

from siren_pde import Box, Problem, cos, d, exp, on, pi, sin, solve, sqrt

nu = 0.01 / pi
strip = Box(x=(-1, 1), t=(0, 1))


def exact(p):
    """Cole and Hopf's integral by the trapezoidal rule, to rounding (Basdevant et al., 1986)."""
    x, t = p
    above = below = 0
    for k in range(-48, 49):
        y = pi * (x - sqrt(4 * nu * t) * (k / 4))
        weight = exp(-cos(y) / (2 * pi * nu) - (k / 4) ** 2)
        above, below = above + sin(y) * weight, below + weight
    return -above / below


@on(strip)
def burgers(p, u):
    x, t = p
    return d(u, t) + u * d(u, x) - nu * d(u, x, x)


@on(strip.at(t=0))
def start(p, u):
    x, t = p
    return u + sin(pi * x)


@on(strip.at(x=-1) | strip.at(x=1))
def walls(p, u):
    return u


problem = Problem(burgers, start, walls, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
