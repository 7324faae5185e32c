"""A photograph by its Laplacian:  Δu = ΔI,  by cosines, since pixels hold waves of all lengths.

Nothing else is known of it (Sitzmann et al., 2020, § 4.2)."""

from siren_pde import Problem, lap, on, solve
from siren_pde.images import ConjugateGradients, Cosines, photograph

image = photograph(256)


@on(image.curvatures)
def curved(p, u):
    return lap(u) - p.laplacian


problem = Problem(curved, truth=image.truth, name="photograph from its Laplacian")
field = Cosines((256, 256), low=(-1, -1), high=(1, 1))
method = ConjugateGradients()

if __name__ == "__main__":
    solution = solve(problem, field, method)
    print(f"PSNR {image.psnr(solution):.1f} dB after an affine fit, in {solution.seconds:.0f} s")
