"""Travel times:  |∇u| = s(z),  u(x₀) = 0,  as u = |x − x₀| τ in layered ground."""

from siren_pde import (
    Ansatz,
    Box,
    Problem,
    Siren,
    dot,
    grad,
    on,
    reference,
    solve,
    sqrt,
    tanh,
)

ground = Box(x=(-1, 1), z=(0, 2))


def slowness(p):
    return 1 / (1.25 + 0.1 * tanh((p.z - 0.8) / 0.1) + 0.15 * tanh((p.z - 1.4) / 0.1))


def straight(p):
    """The travel time from x₀ = (0, 0) where s = 1: it takes the kink at the source."""
    return sqrt(p.x**2 + p.z**2)


@on(ground)
def eikonal(p, u):
    return dot(grad(u), grad(u)) - slowness(p) ** 2


problem = Problem(eikonal, truth=reference("traveltime"))
field = Ansatz(Siren(2), lift=straight, vanishing=straight)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
