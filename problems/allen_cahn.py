"""The Allen-Cahn equation:  u_t = 10⁻⁴ u_xx + 5 (u − u³),  u(x, 0) = x² cos πx,  period 2."""

from siren_pde import Box, Problem, cos, d, on, pi, reference, solve

strip = Box(x=(0, 1), t=(0, 1))


@on(strip)
def allen_cahn(p, u):
    return d(u, p.t) - 1e-4 * d(u, p.x, p.x) + 5 * (u**3 - u)


@on(strip.at(t=0))
def start(p, u):
    return u - p.x**2 * cos(pi * p.x)


@on(strip.at(x=0) | strip.at(x=1))
def ends(p, u):
    return d(u, p.x)


problem = Problem(allen_cahn, start, ends, truth=reference("allen_cahn"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
