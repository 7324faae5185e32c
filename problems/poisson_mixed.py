"""A plate held, insulated and cooled:  Δu = f,  u = g left,  ∂u/∂n = 0 and −u on the other sides.

All four sides hold exactly, whatever the network: only the equation is left to solve.
"""

from siren_pde import Ansatz, Box, Problem, Siren, cos, exp, lap, on, pi, solve

plate = Box(x=(0, 1), y=(0, 1))


def exact(p):
    x, y = p
    return exp(-x) * (1 + cos(2 * pi * y))


@on(plate)
def poisson(p, u):
    x, y = p
    return lap(u) - exact(p) + 4 * pi**2 * exp(-x) * cos(2 * pi * y)


problem = Problem(poisson, exact=exact)
field = Ansatz(
    Siren(2),
    lift=lambda p: 1 + cos(2 * pi * p.y),
    vanishing_on=plate.at(x=0),
    flux={
        plate.at(x=1): lambda p, u: -u,
        plate.at(y=0): lambda p, u: 0,
        plate.at(y=1): lambda p, u: 0,
    },
)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
