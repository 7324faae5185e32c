"""The Korteweg-de Vries equation:  u_t + η u u_x + μ² u_xxx = 0,  u(x, 0) = cos πx,  period 2."""

from siren_pde import Box, Problem, Siren, cos, d, on, pi, reference, solve

eta, mu = 1, 0.022
strip = Box(x=(-1, 1), t=(0, 1))
field = Siren(2, period=(2, None))


@on(strip)
def kdv(p, u):
    x, t = p
    return d(u, t) + eta * u * d(u, x) + mu**2 * d(u, x, x, x)


@on(strip.at(t=0))
def start(p, u):
    x, t = p
    return u - cos(pi * x)


problem = Problem(kdv, start, truth=reference("kdv"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
