"""Plane strain:  μ Δu + (λ + μ) ∇ div u = f in the unit square,  displacements given on ∂Ω."""

from siren_pde import Box, Problem, Siren, Vector, cos, div, grad, lap, on, pi, sin, solve

stiffness, shear = 1.0, 0.5
square = Box(x=(0, 1), y=(0, 1))
field = Siren(2, 2)


def exact(p):
    x, y = p
    return Vector([cos(2 * pi * x) * sin(pi * y), sin(pi * x) * y**4 / 4])


def force(u):
    inner = grad(div(u))
    return [shear * lap(u[i]) + (stiffness + shear) * inner[i] for i in range(2)]


@on(square)
def equilibrium(p, u):
    return Vector([a - b for a, b in zip(force(u), force(exact(p)), strict=True)])


@on(square.boundary)
def clamped(p, u):
    return u - exact(p)


problem = Problem(equilibrium, clamped, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
