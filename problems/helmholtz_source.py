"""Waves from a source g into free space:  Δu + k² u = −g,  outgoing into absorbing layers,  k = 20.

Outside the Gaussian g of mass 1 and variance σ², u is −i/4 H₀⁽²⁾(kr) exp(−k²σ²/2) in [−½, ½]²."""

from siren_pde import Box, Budget, Problem, Siren, as_complex, exp, on, pi, reference, solve
from siren_pde.scattering import AbsorbingLayer

k, sigma = 20, 0.1
square = Box(x=(-1, 1), y=(-1, 1))
layer = AbsorbingLayer(square, width=0.5, strength=2)


@on(square)
def helmholtz(p, u):
    u, g = as_complex(u), exp(-(p.x**2 + p.y**2) / (2 * sigma**2)) / (2 * pi * sigma**2)
    return (layer.lap(p, u) + k**2 * u + g) / k**2


@on(square.boundary)
def silent(p, u):
    return u


problem = Problem(helmholtz, silent, truth=reference("helmholtz_source"))
field, budget = Siren(2, 2), Budget(seconds=60)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field, budget=budget).error():.1e}")
