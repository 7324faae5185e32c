"""SteadyBurgers1D:  u u_x − ν u_xx = f on (0, 1),  ν = 0.1,  u = 0 at both ends,  u = sin 2πx."""

from siren_pde import Box, Problem, cos, d, on, pi, sin, solve

nu = 0.1
line = Box(x=(0, 1))


def exact(p):
    return sin(2 * pi * p.x)


@on(line)
def burgers(p, u):
    source = exact(p) * (2 * pi * cos(2 * pi * p.x) + nu * (2 * pi) ** 2)
    return u * d(u, p.x) - nu * d(u, p.x, p.x) - source


@on(line.boundary)
def ends(p, u):
    return u


problem = Problem(burgers, ends, exact=exact)


if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
