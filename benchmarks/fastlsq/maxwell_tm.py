"""Maxwell2D_TM:  E_tt = ΔE for E_z on (0, 1)² × (0, 1),  E = 0 on the walls of the cavity."""

from siren_pde import Box, Problem, cos, d, lap, on, pi, sin, solve, sqrt

cavity = Box(x=(0, 1), y=(0, 1), t=(0, 1))


def shape(p):
    return sin(pi * p.x) * sin(pi * p.y)


def exact(p):
    return shape(p) * cos(sqrt(2) * pi * p.t)


@on(cavity)
def maxwell(p, e):
    return d(e, p.t, p.t) - lap(e, p.x, p.y)


@on(cavity.at(x=0) | cavity.at(x=1) | cavity.at(y=0) | cavity.at(y=1))
def conductor(p, e):
    return e


@on(cavity.at(t=0))
def start(p, e):
    return e - shape(p), d(e, p.t)


problem = Problem(maxwell, conductor, start, exact=exact)


if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
