"""PINNacle's NS2d-C:  (v·∇)v = −∇q + Δv/100,  div v = 0,  under a lid of speed 4x (1 − x).

q = 0 at the origin. Towards both ends of the lid q grows like a logarithm.
"""

from siren_pde import Box, Problem, Siren, System, d, div, lap, on, reference, solve

square = Box(x=(0, 1), y=(0, 1))
field = System(v=Siren(2, 2), q=Siren(2))


@on(square)
def momentum(p, v, q):
    def along(w, x):
        return v[0] * d(w, p.x) + v[1] * d(w, p.y) + d(q, x) - lap(w) / 100

    return along(v[0], p.x), along(v[1], p.y), div(v)


@on(square.at(y=1))
def lid(p, v):
    return v[0] - 4 * p.x * (1 - p.x), v[1]


@on(square.at(x=0) | square.at(x=1) | square.at(y=0))
def walls(p, v):
    return v


@on(square.at(x=0, y=0))
def gauge(p, q):
    return q


problem = Problem(momentum, lid, walls, gauge, truth=reference("ns2d_c"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
