"""PINNacle's PInv:  −∇·(a ∇u) = f in (0, 1)²,  a on ∂Ω,  u at 50 × 50 points with noise of 0.1.

The source of the published code has 2x + 1 and 2y + 1 where its own u and a need 2x − 1 and 2y − 1;
here f is that of u and a. The noise is drawn anew, as there. Errors are those of a.
"""

from siren_pde import Box, PointCloud, Problem, Siren, System, d, on, pi, reference, sin, solve

square, samples = Box(x=(0, 1), y=(0, 1)), reference("poisson_inverse_samples")
field = System(u=Siren(2), a=Siren(2))


def exact(p):
    x, y = p
    return {"a": 1 / (1 + x**2 + y**2 + (x - 1) ** 2 + (y - 1) ** 2)}


def source(p, u, a):
    return -d(a * d(u, p.x), p.x) - d(a * d(u, p.y), p.y)


@on(square)
def diffusion(p, u, a):
    return source(p, u, a) - source(p, sin(pi * p.x) * sin(pi * p.y), exact(p)["a"])


@on(PointCloud(samples.positions, u=samples.rows("u")[:, 0]))
def measured(p, u):
    return u - p.u


@on(square.boundary)
def known(p, a):
    return a - exact(p)["a"]


problem = Problem(diffusion, measured, known, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
