"""Flow under a moving lid, by its stream function:  ψ_y Δψ_x − ψ_x Δψ_y = Δ²ψ / Re."""

from siren_pde import Box, Problem, d, lap, on, reference, solve

reynolds = 100
square = Box(x=(0, 1), y=(0, 1))


@on(square)
def vorticity(p, s):
    w = lap(s)
    return d(s, p.y) * d(w, p.x) - d(s, p.x) * d(w, p.y) - lap(w) / reynolds


@on(square.at(y=1))
def lid(p, s):
    return s, d(s, p.y) - 16 * p.x**2 * (1 - p.x) ** 2


@on(square.at(y=0))
def floor(p, s):
    return s, d(s, p.y)


@on(square.at(x=0) | square.at(x=1))
def sides(p, s):
    return s, d(s, p.x)


problem = Problem(vorticity, lid, floor, sides, truth=reference("cavity"))

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem).error():.1e}")
