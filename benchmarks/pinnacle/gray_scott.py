"""PINNacle's GS:  u_t = ε Δu + b (1 − u) − u v²,  v_t = ε/2 Δv − d v + u v²,  until t = 200.

ε = 1e-5, b = 0.04, d = 0.1. The published code has no conditions on the boundary; here u and v have
period 2.
"""

from siren_pde import Box, Problem, Siren, System, d, exp, lap, on, reference, solve

epsilon, feed, decay = 1e-5, 0.04, 0.1
room = Box(x=(-1, 1), y=(-1, 1), t=(0, 200))
field = System(u=Siren(3, period=(2, 2, None)), v=Siren(3, period=(2, 2, None)))


def spot(p, a, b):
    return exp(-80 * ((p.x - a) ** 2 + (p.y - b) ** 2))


@on(room)
def reaction(p, u, v):
    x, y, t = p
    eaten = u * v**2
    return (
        d(u, t) - epsilon * lap(u, x, y) - feed * (1 - u) + eaten,
        d(v, t) - epsilon / 2 * lap(v, x, y) + decay * v - eaten,
    )


@on(room.at(t=0))
def start(p, u, v):
    return u - 1 + spot(p, -0.05, -0.02), v - spot(p, 0.05, 0.02)


problem = Problem(reaction, start, truth=reference("gray_scott"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
