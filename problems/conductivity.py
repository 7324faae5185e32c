"""A conductivity from measured temperatures:  −∇·(k ∇u) = f in (0, 1)²,  u known at 900 points."""

from siren_pde import Box, PointCloud, Problem, Siren, Sobol, System, d, on, solve

square = Box(x=(0, 1), y=(0, 1))
field = System(u=Siren(2), k=Siren(2))


def exact(p):
    x, y = p
    inclusion = 1 / (1 + 20 * (x - 0.4) ** 2 + 20 * (y - 0.6) ** 2)
    return {"u": 16 * x * (1 - x) * y * (1 - y), "k": 1 + inclusion}


def source(p, u, k):
    x, y = p
    return -d(k * d(u, x), x) - d(k * d(u, y), y)


@on(square)
def conduction(p, u, k):
    return source(p, u, k) - source(p, **exact(p))


sensors = Sobol(900)(square)


@on(PointCloud(sensors.positions, u=exact(sensors)["u"].value))
def measured(p, u):
    return u - p.u


problem = Problem(conduction, measured, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
