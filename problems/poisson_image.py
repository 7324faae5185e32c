"""A photograph from its slopes:  ∇u = ∇I,  by cosines, since pixels hold waves of all lengths.

The slopes are those between pixels (Sitzmann et al., 2020, § 4.2)."""

import sys

from siren_pde import Problem, d, on, solve
from siren_pde.images import ConjugateGradients, Cosines, photograph

image = photograph(256)


@on(image.across)
def across(p, u):
    return d(u, p.x) - p.slope


@on(image.upwards)
def upwards(p, u):
    return d(u, p.y) - p.slope


problem = Problem(across, upwards, truth=image.truth, name="photograph from its slopes")
field = Cosines((256, 256), low=(-1, -1), high=(1, 1))
method = ConjugateGradients()

if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else "photograph"
    solution = solve(problem, field, method)
    image.compare(solution, f"{name}.png")
    solution.save(f"{name}.h5")
    print(f"PSNR {image.psnr(solution):.1f} dB after an affine fit, in {solution.seconds:.0f} s")
