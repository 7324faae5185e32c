"""Laplace's equation around four holes:  Δu = 0,  u = 1 on the square,  u = 0 on the circles."""

from siren_pde import Ball, Box, Enriched, LeastSquares, Problem, Siren, lap, log, on, reference

square = Box(x=(-0.5, 0.5), y=(-0.5, 0.5))
centres = [(a, b) for a in (-0.3, 0.3) for b in (-0.3, 0.3)]
first, *others = (Ball(x=a, y=b, radius=0.1) for a, b in centres)
holes = first | others[0] | others[1] | others[2]


def poles(p):
    """log |w|² and the parts of wᵏ, k ≤ 8, where w = 0.1 / z about each centre."""
    for a, b in centres:
        w = power = 0.1 / (p.x - a + 1j * (p.y - b))
        yield log(w.square)
        for _ in range(8):
            yield from (power.re, power.im)
            power = power * w


@on(square - holes)
def laplace(p, u):
    return lap(u)


@on(square.boundary)
def outer(p, u):
    return u - 1


@on(holes.boundary)
def inner(p, u):
    return u


problem = Problem(laplace, outer, inner, truth=reference("laplace_holes"))
field = Enriched(Siren(2), poles, terms=68)
method = LeastSquares(features=1200, frequency=(40, 40))
