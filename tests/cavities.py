"""Flow in a square under a lid: the problem that several tests of paths to solutions share."""

from siren_pde import Box, Problem, Siren, System, d, lap, on

square = Box(x=(0, 1), y=(0, 1))


def cavity(reynolds: float) -> tuple[Problem, System]:
    """Steady velocities and pressure, the lid's speed 16 x² (1 − x)², and their fields."""

    @on(square)
    def momentum(p, u, v, q):
        x, y = p
        return (
            u * d(u, x) + v * d(u, y) + d(q, x) - lap(u) / reynolds,
            u * d(v, x) + v * d(v, y) + d(q, y) - lap(v) / reynolds,
        )

    @on(square)
    def continuity(p, u, v):
        return d(u, p.x) + d(v, p.y)

    @on(square.at(y=1))
    def lid(p, u, v):
        return u - 16 * p.x**2 * (1 - p.x) ** 2, v

    @on(square.at(x=0) | square.at(x=1) | square.at(y=0))
    def walls(p, u, v):
        return u, v

    @on(square.at(x=0, y=0))
    def gauge(p, q):
        return q

    problem = Problem(momentum, continuity, lid, walls, gauge)
    return problem, System(u=Siren(2), v=Siren(2), q=Siren(2))
