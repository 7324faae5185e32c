"""ElasticWave2D:  u_tt = T² (c_s² Δu + (c_p² − c_s²) ∇ div u) on (0, 1)² × (0, 1),  T = 2.

A pressure wave, c_p = 2, beside c_s = 1; time is in units of T; displacements are given on walls.
"""

from siren_pde import Box, Problem, Siren, Vector, cos, d, div, grad, lap, on, pi, sin, solve

duration, pressure, shear = 2, 2, 1
frequency = pressure * 2**0.5 * pi * duration
room = Box(x=(0, 1), y=(0, 1), t=(0, 1))
field = Siren(3, 2)


def exact(p):
    x, y, t = pi * p.x, pi * p.y, frequency * p.t
    return Vector([pi * cos(x) * sin(y) * cos(t), pi * sin(x) * cos(y) * cos(t)])


@on(room)
def elastic(p, u):
    push = (pressure**2 - shear**2) * grad(div(u))
    forces = [shear**2 * lap(u[i]) + push[i] for i in range(2)]
    return Vector([d(u[i], p.t, p.t) - duration**2 * forces[i] for i in range(2)])


@on(room.at(x=0) | room.at(x=1) | room.at(y=0) | room.at(y=1))
def walls(p, u):
    return u - exact(p)


@on(room.at(t=0))
def start(p, u):
    return u - exact(p), d(u[0], p.t), d(u[1], p.t)


problem = Problem(elastic, walls, start, exact=exact)


if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
