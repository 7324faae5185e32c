"""Laplace's equation in an L:  Δu = 0,  by waves in log r and φ, since a corner has no scale.

u = Im exp(z^{2/3}) on ∂Ω."""

from siren_pde import Box, LeastSquares, Mapped, Problem, Siren, arctan, exp, lap, log, on, solve

ell = Box(x=(-1, 1), y=(-1, 1)) - Box(x=(0, 1), y=(-1, 0))


def polar(p):
    """log r, level within 10⁻⁴ of the corner, and the angle φ from the line that halves it."""
    x, y = p
    r = (x**2 + y**2) ** 0.5
    return log(r**2 + 1e-8) / 2, 2 * arctan((x + y) / (x - y - 2**0.5 * r))


def exact(p):
    x, y = p
    return exp(1j * (x**2 + y**2) ** (1 / 3) * exp(2j / 3 * polar(p)[1])).im


@on(ell, refine_towards=(0, 0))
def laplace(p, u):
    x, y = p
    return (x**2 + y**2) * lap(u)


@on(ell.boundary, refine_towards=(0, 0))
def dirichlet(p, u):
    return u - exact(p)


problem = Problem(laplace, dirichlet, exact=exact)
field, method = Mapped(Siren(2), polar), LeastSquares(1200, (20.0, 20.0))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field, method).error():.1e}")
