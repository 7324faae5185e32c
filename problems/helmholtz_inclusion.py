"""Waves past a fast disk:  Δu + (k/c)² u = −g,  outgoing into absorbing layers,  k = 20."""

from siren_pde import Box, Budget, Problem, Siren, as_complex, exp, on, reference, solve, tanh
from siren_pde.scattering import AbsorbingLayer

k, sigma = 20, 0.1
square = Box(x=(-1, 1), y=(-1, 1))
layer = AbsorbingLayer(square, width=0.5, strength=2)


@on(square)
def helmholtz(p, u):
    x, y = p
    u, c = as_complex(u), 1 + (1 + tanh((0.25 - (x**2 + y**2) ** 0.5) / 0.06)) / 2
    g = 16 * exp(-((x + 0.25) ** 2 + (y + 0.3) ** 2) / (2 * sigma**2))
    return (layer.lap(p, u) + (k / c) ** 2 * u + g) / k**2


@on(square.boundary)
def silent(p, u):
    return u


problem = Problem(helmholtz, silent, truth=reference("helmholtz_inclusion"))
field, budget = Siren(2, 2), Budget(seconds=60)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field, budget=budget).error():.1e}")
