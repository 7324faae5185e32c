"""PINNacle's HInv:  u_t = ∇·(a ∇u) + f in (−1, 1)² × (0, 1),  a on the sides,  u at 2500 points.

The noise of 0.1 is drawn anew, as there, and the points are a grid. Errors are those of a(x, y)."""

from siren_pde import Box, PointCloud, Problem, Siren, System, d, exp, on, pi, reference, sin, solve

room, samples = Box(x=(-1, 1), y=(-1, 1), t=(0, 1)), reference("heat_inverse_samples")
sides = room.at(x=-1) | room.at(x=1) | room.at(y=-1) | room.at(y=1)
field = System(u=Siren(3), a=Siren(2, of=("x", "y")))


def exact(p):
    return {"a": 2 + sin(pi * p.x) * sin(pi * p.y)}


def source(p, u, a):
    return d(u, p.t) - d(a * d(u, p.x), p.x) - d(a * d(u, p.y), p.y)


@on(room)
def diffusion(p, u, a):
    known = exact(p)["a"]
    return source(p, u, a) - source(p, exp(-p.t) * (known - 2), known)


@on(PointCloud(samples.positions, axes=("x", "y", "t"), u=samples.rows("u")[:, 0]))
def measured(p, u):
    return u - p.u


@on(sides)
def given(p, a):
    return a - exact(p)["a"]


problem = Problem(diffusion, measured, given, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
