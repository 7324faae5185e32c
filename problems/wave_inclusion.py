"""A wave across a slow disc, by slabs of given sizes, since the search for them outlasts these.

u_tt = c² Δu, half of what is even in y;  u_n = 0 at all walls."""

from siren_pde import Box, Budget, Problem, Propagator, d, dot, exp, grad, lap, on, reference, solve

room = Box(x=(-1, 1), y=(0, 1), t=(0, 2))


def speed(p):
    """c = 0.6 within a disc with a soft edge, 1 outside."""
    return 1 - 0.4 / (1 + exp((p.x**2 + p.y**2 - 0.12) / 0.035))


@on(room)
def wave(p, u):
    return d(u, p.t, p.t) - speed(p) ** 2 * lap(u)


@on(room.at(x=-1) | room.at(x=1) | room.at(y=0) | room.at(y=1))
def walls(p, u):
    return dot(grad(u), p.normal)


@on(room.at(t=0))
def start(p, u):
    return u - exp(-((p.x + 1) ** 2 + p.y**2) / (2 * 0.2**2)), d(u, p.t)


problem = Problem(wave, walls, start, truth=reference("wave_inclusion"))
sizes = {"features": 2800, "most": 2800, "oversampling": 2.2}
method = Propagator(tolerance=1e-5, frequency=(32, 32, 28), **sizes)
budget = Budget(seconds=280)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, method=method, budget=budget).error():.1e}")
