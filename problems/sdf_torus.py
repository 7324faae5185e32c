"""The signed distance of a torus:  |∇u| = 1 in a box around it,  u = 0 on the surface."""

from siren_pde import Ansatz, Box, Budget, Problem, Siren, dot, grad, on, solve, sqrt

box = Box(x=(-1, 1), y=(-1, 1), z=(-0.5, 0.5))
tube = 0.25


def from_core(p):
    """The distance from the circle in the middle of the tube, squared."""
    return (sqrt(p.x**2 + p.y**2) - 0.6) ** 2 + p.z**2


def torus(p):
    """Zero on the surface, with a normal derivative of 1."""
    return (from_core(p) - tube**2) / (2 * tube)


def exact(p):
    return sqrt(from_core(p)) - tube


@on(box)
def eikonal(p, u):
    return dot(grad(u), grad(u)) - 1


problem = Problem(eikonal, exact=exact)
field = Ansatz(Siren(3), lift=torus, vanishing=torus)
budget = Budget(seconds=40)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field, budget=budget).error():.1e}")
