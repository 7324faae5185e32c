"""PINNacle's NS2d-LT:  v_t + (v·∇)v = −∇q + Δv/100 − f (1, 1),  div v = 0,  in a channel, t ≤ 5.

Left out is q = 0 at t = 0, against the inlet's start; added, a straight outlet, v₂ = 0."""

from siren_pde import Box, Problem, Siren, System, d, div, lap, on, pi, reference, sin, solve

room = Box(x=(0, 2), y=(0, 1), t=(0, 5))
field = System(v=Siren(3, 2), q=Siren(3))


@on(room)
def momentum(p, v, q):
    x, y, t = p
    f = sin(pi * x) * sin(pi * y) * sin(pi * t)

    def along(w, to):
        return d(w, t) + v[0] * d(w, x) + v[1] * d(w, y) + d(q, to) - lap(w, x, y) / 100 + f

    return along(v[0], x), along(v[1], y), div(v, x, y)


@on(room.at(t=0) | room.at(y=0) | room.at(y=1))
def still(p, v):
    return v


@on(room.at(x=0))
def inlet(p, v):
    return v[0] - sin(pi * p.y) * sum(sin(k * pi * p.t) for k in (1, 3, 5)), v[1]


@on(room.at(x=2))
def outlet(p, v, q):
    return q, v[1]


problem = Problem(momentum, still, inlet, outlet, truth=reference("ns2d_lt"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
