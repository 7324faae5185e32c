"""A medium m by waves it scatters, sizes given, since they say how smooth m is.  [FILE.mat]

Δv + k² m v = −k² (m − 1) G,  v recorded."""

import sys

from siren_pde import Ansatz, Box, Problem, Siren, System, on, reference, solve
from siren_pde.scattering import AbsorbingLayer, Survey, VariableProjection, read_survey

k, files = 20, [name for name in sys.argv if name.endswith(".mat")]
disk = Survey.around_disk(k=k, radius=0.1, speed=2)
survey = read_survey(files[0], k=k, strength=-0.98 * (1 + 1j)) if files else disk
layer = AbsorbingLayer(Box(x=(-0.75, 0.75), y=(-0.75, 0.75)), width=0.3, strength=3)


@on(layer.box, weight=20)
def helmholtz(p, v, m):
    waves = zip(survey.scattered(v), survey.incident(p), strict=True)
    return [layer.lap(p, u) / k**2 + m * u + (m - 1) * g for u, g in waves]


truth = None if files else reference("helmholtz_inverse")
problem = Problem(helmholtz, survey.at_receivers, truth=truth)
inside = Siren(2, width=60, depth=1, frequency=25)
m = Ansatz(inside, lift=lambda p: 1.0, vanishing=lambda p: 1 / (1 + (12 * (p.x**2 + p.y**2)) ** 6))
field = System(m=m, v=Ansatz(Siren(2, 10), vanishing_on=layer.box.boundary))
method = VariableProjection("v", features=1100, frequency=(40, 40), penalty=5e-4, oversampling=2.2)

if __name__ == "__main__":
    solution = solve(problem, field, method)
    solution.plot("helmholtz_inverse.png")
    print(f"misfit of the scattered field: {survey.misfit(solution):.1e}")
