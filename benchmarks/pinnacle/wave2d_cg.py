"""PINNacle's Wave2d-CG:  u_tt = c Δu in (−1, 1)² to t = 5, c random,  ∂u/∂n = 0,  from a pulse.

Its medium is in a file of its own; here log c is a random sum of 24 cosines with the same spectrum,
so c is smooth. The pulse has a slope at the walls, against ∂u/∂n = 0, as published.
"""

from siren_pde import Box, Problem, cos, d, dot, exp, grad, lap, on, pi, reference, solve

square, time = Box(x=(-1, 1), y=(-1, 1)), Box(t=(0, 5))
room, numbers = square * time, reference("wave2d_cg_medium")


def medium(p):
    modes = zip(numbers.positions, numbers.rows("a")[:, 0], strict=True)
    x, y = pi * (p.x + 1) / 2, pi * (p.y + 1) / 2
    return exp(sum(a * cos(i * x) * cos(j * y) for (i, j), a in modes))


@on(room)
def wave(p, u):
    return lap(u, p.x, p.y) - d(u, p.t, p.t) / medium(p)


@on(square.boundary * time)
def walls(p, u):
    return dot(grad(u), p.normal)


@on(room.at(t=0))
def start(p, u):
    return u - exp(-((p.x + 0.5) ** 2 + p.y**2) / (2 * 0.3**2)), d(u, p.t)


problem = Problem(wave, walls, start, truth=reference("wave2d_cg"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
