"""A simply supported plate:  Δ²u = q in Ω = (0, 1)²,  u = Δu = 0 on ∂Ω."""

from siren_pde import Box, Problem, lap, on, pi, sin, solve

square = Box(x=(0, 1), y=(0, 1))


def exact(p):
    x, y = p
    return sin(pi * x) * sin(2 * pi * y)


@on(square)
def bending(p, u):
    return lap(lap(u)) - 25 * pi**4 * exact(p)


@on(square.boundary)
def support(p, u):
    return u


@on(square.boundary)
def hinge(p, u):
    return lap(u)


problem = Problem(bending, support, hinge, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
