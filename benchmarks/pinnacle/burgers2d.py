"""PINNacle's Burgers2d-C:  u_t + u·∇u = Δu / 1000 for two velocities,  random start,  to t = 1.

In its square of side 4 the start has period 1, so the solution repeats 16 times, and period 1 is
stated here. Its numbers are in files of its own; here they are drawn anew.
"""

from siren_pde import Box, Problem, Siren, cos, d, lap, on, pi, reference, sin, solve

nu, numbers = 0.001, reference("burgers2d_start")
room = Box(x=(0, 1), y=(0, 1), t=(0, 1))
field = Siren(3, 2, period=(1, 1, None))


@on(room)
def burgers(p, u):
    x, y, t = p
    first, second = u
    return [d(v, t) + first * d(v, x) + second * d(v, y) - nu * lap(v, x, y) for v in u]


def given(p, component):
    modes = zip(numbers.positions, numbers.rows("a"), numbers.rows("b"), strict=True)
    waves = ((2 * pi * (i * p.x + j * p.y), a[component], b[component]) for (i, j), a, b in modes)
    return sum(a * sin(s) + b * cos(s) for s, a, b in waves)


@on(room.at(t=0))
def start(p, u):
    first, second = u
    return first - given(p, 0), second - given(p, 1)


problem = Problem(burgers, start, truth=reference("burgers2d"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
