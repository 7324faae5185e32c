"""Nonlinear Schrödinger:  i h_t + ½ h_xx + |h|² h = 0,  h(x, 0) = 2 sech x,  period 10."""

from siren_pde import Box, Problem, Siren, as_complex, cosh, d, on, pi

# isort: split
from siren_pde import reference, solve

strip = Box(x=(-5, 5), t=(0, pi / 2))
field = Siren(2, 2, period=(10, None))


@on(strip)
def schroedinger(p, u):
    h = as_complex(u)
    return 1j * d(h, p.t) + d(h, p.x, p.x) / 2 + h.square * h


@on(strip.at(t=0))
def start(p, u):
    return as_complex(u) - 2 / cosh(p.x)


problem = Problem(schroedinger, start, truth=reference("schroedinger"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
