"""Laplace's equation around four holes:  Δu = 0,  u = 1 on the square,  u = 0 on the circles."""

from siren_pde import Ball, Box, Budget, Problem, lap, on, reference, solve

square = Box(x=(-0.5, 0.5), y=(-0.5, 0.5))
first, *others = (Ball(x=a, y=b, radius=0.1) for a in (-0.3, 0.3) for b in (-0.3, 0.3))
holes = first | others[0] | others[1] | others[2]


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
budget = Budget(seconds=30)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, budget=budget).error():.1e}")
