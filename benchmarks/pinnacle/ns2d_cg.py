"""PINNacle's NS2d-CG:  (v·∇)v = −∇q + Δv/100,  div v = 0,  past a step, q = 0 at the outlet.

A flow needs one condition more there than is published: it is straight, v₂ = 0, and may return. The
published values hold it back, by pressures down to −0.024 at the outlet."""

from siren_pde import Polygon, Problem, Siren, System, d, div, lap, on, reference, solve

channel = Polygon([[0, 0], [4, 0], [4, 2], [2, 2], [2, 1], [0, 1]])
low, right, high, step, roof, left = channel.boundary.pieces
field = System(v=Siren(2, 2), q=Siren(2))


@on(channel)
def momentum(p, v, q):
    def along(w, x):
        return v[0] * d(w, p.x) + v[1] * d(w, p.y) + d(q, x) - lap(w) / 100

    return along(v[0], p.x), along(v[1], p.y), div(v)


@on(low | high | step | roof)
def walls(p, v):
    return v


@on(left)
def inlet(p, v):
    return v[0] - 4 * p.y * (1 - p.y), v[1]


@on(right)
def outlet(p, v, q):
    return q, v[1]


problem = Problem(momentum, walls, inlet, outlet, truth=reference("ns2d_cg"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
