"""A photograph from its slopes alone:  ∇u = ∇I between pixels (Sitzmann et al., 2020, § 4.2)."""

import sys

from siren_pde import LeastSquares, Problem, d, on, photograph, solve

image = photograph(128)


@on(image.across)
def across(p, u):
    return d(u, p.x) - p.slope


@on(image.upwards)
def upwards(p, u):
    return d(u, p.y) - p.slope


problem = Problem(across, upwards, name="photograph from its slopes")
method = LeastSquares(features=4000, frequency=(85.0, 85.0))

if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else "photograph"
    solution = solve(problem, method=method)
    image.compare(solution, f"{name}.png")
    solution.save(f"{name}.h5")
    print(f"PSNR {image.psnr(solution):.1f} dB after an affine fit, in {solution.seconds:.0f} s")
