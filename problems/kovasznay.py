"""Kovasznay's steady flow behind a grid:  (v·∇)v = −∇q + Δv / Re,  div v = 0,  Re = 40."""

from siren_pde import Box, Problem, Siren, System, Vector, cos, d, div, exp, lap, on, pi, sin, solve

reynolds = 40
rate = reynolds / 2 - (reynolds**2 / 4 + 4 * pi**2) ** 0.5
wake = Box(x=(-0.5, 1), y=(-0.5, 1.5))
field = System(v=Siren(2, 2), q=Siren(2))


def exact(p):
    x, y = p
    decay = exp(rate * x)
    v = Vector([1 - decay * cos(2 * pi * y), rate / (2 * pi) * decay * sin(2 * pi * y)])
    return {"v": v, "q": (1 - decay**2) / 2}


@on(wake)
def momentum(p, v, q):
    def along(w, x):
        return v[0] * d(w, p.x) + v[1] * d(w, p.y) + d(q, x) - lap(w) / reynolds

    return along(v[0], p.x), along(v[1], p.y)


@on(wake)
def mass(p, v):
    return div(v)


@on(wake.boundary)
def given(p, v, q):
    return v - exact(p)["v"], q - exact(p)["q"]


problem = Problem(momentum, mass, given, exact=exact)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
