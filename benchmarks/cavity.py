"""The flow under a lid of unit speed at high Reynolds numbers, nothing named.

    python benchmarks/cavity.py [--reynolds 1000] [--seconds 1200] [--levels 64 128 256] [--log]

solves for velocities and pressure with no options, and compares the velocities with finite
differences extrapolated from two grids, and with the lines through the centre that Ghia, Ghia and
Shin tabulate (J. Comput. Phys. 48, 1982, Tables I and II, Re = 1,000). The velocity of the walls
jumps where they meet the lid: within a twentieth of a side from there nothing is compared. Prints a
Markdown table and one JSON line.
"""

import harness
import numpy as np
import torch
import vorticity

from siren_pde import Box, Budget, Problem, Siren, System, d, lap, on, solve

CORNER = 0.05
"""So near to where the velocity jumps nothing is compared."""
GHIA_U = {
    0.9766: 0.65928, 0.9688: 0.57492, 0.9609: 0.51117, 0.9531: 0.46604, 0.8516: 0.33304,
    0.7344: 0.18719, 0.6172: 0.05702, 0.5000: -0.06080, 0.4531: -0.10648, 0.2813: -0.27805,
    0.1719: -0.38289, 0.1016: -0.29730, 0.0703: -0.22220, 0.0625: -0.20196, 0.0547: -0.18109,
}  # fmt: skip
GHIA_V = {
    0.9688: -0.21388, 0.9609: -0.27669, 0.9531: -0.33714, 0.9453: -0.39188, 0.9063: -0.51550,
    0.8594: -0.42665, 0.8047: -0.31966, 0.5000: 0.02526, 0.2344: 0.32235, 0.2266: 0.33075,
    0.1563: 0.37095, 0.0938: 0.32627, 0.0781: 0.30353, 0.0703: 0.29012, 0.0625: 0.27485,
}  # fmt: skip
COLUMNS = {
    "Re": lambda row: f"{row['reynolds']:g}",
    "u": lambda row: f"{row['u']:.1e}",
    "v": lambda row: f"{row['v']:.1e}",
    "u, v of the reference": lambda row: " ".join(f"{a:.1e}" for a in row["reference"]),
    "u, v beside Ghia": lambda row: " ".join(f"{a:.1e}" for a in row["ghia"]) or "–",
    "reference beside Ghia": lambda row: " ".join(f"{a:.1e}" for a in row["known"]) or "–",
    "error bar": lambda row: f"{row['bar']:.1e}",
    "seconds": lambda row: f"{row['seconds']:.0f}",
    "method": lambda row: f"{row['method']}: {row['outcome']}",
}


def cavity(reynolds):
    """The steady equations of Navier and Stokes, the pressure 0 in a corner."""
    square = Box(x=(0, 1), y=(0, 1))

    @on(square)
    def momentum(p, u, v, q):
        x, y = p
        along = u * d(u, x) + v * d(u, y) + d(q, x) - lap(u) / reynolds
        across = u * d(v, x) + v * d(v, y) + d(q, y) - lap(v) / reynolds
        return along, across

    @on(square)
    def continuity(p, u, v):
        return d(u, p.x) + d(v, p.y)

    @on(square.at(y=1))
    def lid(p, u, v):
        return u - 1, v

    @on(square.at(x=0) | square.at(x=1) | square.at(y=0))
    def walls(p, u, v):
        return u, v

    @on(square.at(x=0, y=0))
    def gauge(p, q):
        return q

    return Problem(momentum, continuity, lid, walls, gauge)


def off(a, b):
    """The relative difference of two arrays."""
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def beside_ghia(u, v):
    """Both velocities, as functions of x (n, 2), beside the tables."""
    half = [np.array([[0.5, y] for y in GHIA_U]), np.array([[x, 0.5] for x in GHIA_V])]
    tables = np.array([*GHIA_U.values()]), np.array([*GHIA_V.values()])
    return [off(f(x), table) for f, x, table in zip((u, v), half, tables, strict=True)]


def measured(reynolds, seconds, levels, log):
    """One solve and its reference."""
    ticks, (u, v), apart = vorticity.extrapolated(reynolds, levels)
    x, y = np.meshgrid(ticks, ticks, indexing="ij")
    nearest = np.minimum(np.hypot(x, y - 1), np.hypot(x - 1, y - 1))
    kept = (nearest > CORNER) & (y < 1)
    field = System(u=Siren(2), v=Siren(2), q=Siren(2))
    calls = [harness.log] if log else []
    budget = Budget(seconds=seconds)
    taken, s = harness.timed(
        lambda: solve(cavity(reynolds), field, budget=budget, quiet=True, callbacks=calls)
    )

    def velocity(name):
        network = s.field.networks()[name]
        return lambda at: network(torch.as_tensor(at)).detach().view(-1).numpy()

    nodes = np.stack([x[kept], y[kept]], 1)
    tabulated = reynolds == 1000
    finest = vorticity.interpolated(ticks, u), vorticity.interpolated(ticks, v)
    return {
        "reynolds": reynolds,
        "u": off(velocity("u")(nodes), u[kept]),
        "v": off(velocity("v")(nodes), v[kept]),
        "reference": apart,
        "ghia": beside_ghia(velocity("u"), velocity("v")) if tabulated else [],
        "known": beside_ghia(*finest) if tabulated else [],
        "bar": s.estimate.total,
        "seconds": taken,
        "method": s.method,
        "outcome": s.outcome.name,
        "why": s.stop_reason,
    }


def main():
    parser = harness.parser(__doc__)
    parser.add_argument("--reynolds", type=float, nargs="+", default=[1000.0])
    parser.add_argument("--seconds", type=float, default=1200.0)
    parser.add_argument("--levels", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--log", action="store_true", help="print what each solve tries")
    parser.add_argument("--threads", type=int, default=harness.THREADS)
    arguments = parser.parse_args()
    harness.prepare(arguments.threads)
    given = arguments.seconds, arguments.levels, arguments.log
    rows = [measured(reynolds, *given) for reynolds in arguments.reynolds]
    harness.table(rows, COLUMNS)
    harness.as_json(rows)


if __name__ == "__main__":
    main()
