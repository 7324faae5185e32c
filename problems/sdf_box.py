"""The signed distance of a rectangle:  |∇u| = 1 in a square around it,  u = 0 on its sides."""

from siren_pde import Ansatz, Box, Budget, Problem, Siren, dot, grad, on, solve, sqrt

square = Box(x=(-1, 1), y=(-1, 1))
a, b = 0.6, 0.4


def rectangle(p):
    """Zero on the sides, with a normal derivative of 1 (an R-function of two strips)."""
    q, r = (p.x**2 - a**2) / (2 * a), (p.y**2 - b**2) / (2 * b)
    return q + r + sqrt(q**2 + r**2)


def exact(p):
    q, r = abs(p.x) - a, abs(p.y) - b
    larger, smaller = (q + r + abs(q - r)) / 2, (q + r - abs(q - r)) / 2
    beyond = (smaller + abs(smaller)) / 2  # positive where a corner is nearest
    return larger * sqrt(1 + (beyond / larger) ** 2)


@on(square)
def eikonal(p, u):
    return dot(grad(u), grad(u)) - 1


problem = Problem(eikonal, exact=exact)
field = Ansatz(Siren(2), lift=rectangle, vanishing=rectangle)
budget = Budget(seconds=40)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field, budget=budget).error():.1e}")
