"""Poisson's equation on a torus:  −Δu + u = f,  u periodic in x and in y."""

from siren_pde import Box, Problem, Siren, cos, exp, lap, on, pi, sin, solve

torus = Box(x=(0, 1), y=(0, 1))


def exact(p):
    return exp(sin(2 * pi * p.x)) * cos(4 * pi * p.y) + sin(2 * pi * (p.x + p.y))


@on(torus)
def poisson(p, u):
    return (u - lap(u)) - (exact(p) - lap(exact(p)))


problem = Problem(poisson, exact=exact)
field = Siren(2, period=(1, 1))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
