"""Poisson's equation in a scanned object, its distance φ a small network, since f contains Δφ.

−Δu = f in Ω,  u = 0 on ∂Ω exactly: u = φN.  φ is fitted to the scan named on the command line, or
to points of two joined balls.
"""

import sys

from siren_pde import Ansatz, Ball, Implicit, PointCloud, Problem, Siren, Sobol

# isort: split
from siren_pde import exp, fit_sdf, lap, on, read_points, solve

if __name__ == "__main__" and sys.argv[1:]:
    scan, steps = read_points(sys.argv[1]), None
else:
    joined = Ball(x=-0.6, y=0, z=0, radius=0.8) | Ball(x=0.5, y=0.2, z=0, radius=0.6)
    seen = Sobol(2000)(joined.boundary)
    scan, steps = PointCloud(seen.positions, normals=seen.normals), 200

distance = fit_sdf(scan, seconds=20, steps=steps, width=32, depth=2, frequency=6)
body = Implicit(distance)


def exact(p):
    return distance.jet(p) * exp((p.x - distance.centre[0]) / distance.scale)


@on(body)
def poisson(p, u):
    return lap(u) - lap(exact(p))


problem = Problem(poisson, exact=exact)
field = Ansatz(Siren(3), vanishing_on=body.boundary)

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field).error():.1e}")
