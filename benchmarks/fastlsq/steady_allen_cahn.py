"""AllenCahn1D:  ε u_xx + u − u³ = f on (0, 1),  ε = 0.1,  u = 0 at both ends,  u = sin πx."""

from siren_pde import Box, Problem, d, on, pi, sin, solve

epsilon = 0.1
line = Box(x=(0, 1))


def exact(p):
    return sin(pi * p.x)


@on(line)
def allen_cahn(p, u):
    source = (1 - epsilon * pi**2) * exact(p) - exact(p) ** 3
    return epsilon * d(u, p.x, p.x) + u - u**3 - source


@on(line.boundary)
def ends(p, u):
    return u


problem = Problem(allen_cahn, ends, exact=exact)


if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
