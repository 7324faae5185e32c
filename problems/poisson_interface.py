"""Two materials:  div(k ∇u) = 4,  k = 1 in a disc and 10 around it,  u and k ∂u/∂n continuous."""

from siren_pde import Ball, Box, Budget, Problem, Siren, System, dot, grad, lap, on, solve

inner, outer, radius = 1, 10, 0.5
disc = Ball(x=0, y=0, radius=radius)
square = Box(x=(-1, 1), y=(-1, 1))
field, budget = System(u=Siren(2), v=Siren(2)), Budget(seconds=40)


def exact(p):
    tilt, r2 = (outer - inner) / (outer + inner), p.x**2 + p.y**2
    u = (1 + tilt) * p.x + (r2 - radius**2) / inner
    return {"u": u, "v": (1 + tilt * radius**2 / r2) * p.x + (r2 - radius**2) / outer}


@on(disc)
def inside(p, u):
    return inner * lap(u) - 4


@on(square - disc)
def around(p, v):
    return outer * lap(v) - 4


@on(disc.boundary)
def continuous(p, u, v):
    return u - v, dot(inner * grad(u) - outer * grad(v), p.normal)


@on(square.boundary)
def dirichlet(p, v):
    return v - exact(p)["v"]


problem = Problem(inside, around, continuous, dirichlet, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field, budget=budget).error():.1e}")
