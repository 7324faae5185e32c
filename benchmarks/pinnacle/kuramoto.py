"""PINNacle's KS:  u_t + α u u_x + β u_xx + γ u_xxxx = 0,  u(x, 0) = cos x (1 + sin x).

α = 100/16, β = 100/16², γ = 100/16⁴. The published code has no conditions at the ends; here u has
period 2π, as its start has.
"""

from siren_pde import Box, Problem, Siren, cos, d, on, pi, reference, sin, solve

alpha, beta, gamma = 100 / 16, 100 / 16**2, 100 / 16**4
strip = Box(x=(0, 2 * pi), t=(0, 1))
field = Siren(2, period=(2 * pi, None))


@on(strip)
def flame(p, u):
    x, t = p
    return d(u, t) + alpha * u * d(u, x) + beta * d(u, x, x) + gamma * d(u, x, x, x, x)


@on(strip.at(t=0))
def start(p, u):
    return u - cos(p.x) * (1 + sin(p.x))


problem = Problem(flame, start, truth=reference("kuramoto"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
