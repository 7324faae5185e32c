"""Lorenz's system:  ẋ = σ(y − x),  ẏ = x(ρ − z) − y,  ż = xy − βz;  σ, ρ, β from noisy samples."""

from siren_pde import (
    Box,
    PointCloud,
    Problem,
    Siren,
    System,
    Unknown,
    d,
    on,
    reference,
    solve,
)

samples = reference("lorenz")
field = System(v=Siren(1, 3), sigma=Unknown(1), rho=Unknown(1), beta=Unknown(1))


@on(Box(t=(0, 3)))
def lorenz(p, v, sigma, rho, beta):
    x, y, z = v
    t = p.t
    return d(x, t) - sigma * (y - x), d(y, t) - x * (rho - z) + y, d(z, t) - x * y + beta * z


@on(PointCloud(samples.positions, axes=("t",), v=samples.values["v"]))
def measured(p, v):
    return v - p.v


def exact(p):
    return {"sigma": 10.0, "rho": 28.0, "beta": 8 / 3}


problem = Problem(lorenz, measured, exact=exact)

if __name__ == "__main__":
    solution = solve(problem, field)
    print(f"relative error of σ, ρ, β: {solution.error():.1e}")
