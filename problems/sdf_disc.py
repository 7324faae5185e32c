"""The signed distance of the unit circle:  |∇u| = 1 for 0.5 < |x| < 1.5,  u = 0 on |x| = 1."""

from siren_pde import Ansatz, Ball, Problem, Siren, dot, grad, on, solve, sqrt

band = Ball(x=0, y=0, radius=1.5) - Ball(x=0, y=0, radius=0.5)


def circle(p):
    """Zero on the circle, with a normal derivative of 1."""
    return (p.x**2 + p.y**2 - 1) / 2


def exact(p):
    return sqrt(p.x**2 + p.y**2) - 1


@on(band)
def eikonal(p, u):
    return dot(grad(u), grad(u)) - 1


problem = Problem(eikonal, exact=exact)
field = Ansatz(Siren(2), lift=circle, vanishing=circle)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
