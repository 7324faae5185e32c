"""A coin in a photographed sky:  ∇u = g,  by cosines, since pixels hold waves of all lengths.

g is pasted from the slopes of two photographs (Pérez et al., 2003)."""

from siren_pde import Problem, d, on, solve
from siren_pde.images import Blend, ConjugateGradients, Cosines, coin, photograph

blend = Blend(photograph(256), coin(), row=8, column=180)


@on(blend.across)
def across(p, u):
    return d(u, p.x) - p.slope


@on(blend.upwards)
def upwards(p, u):
    return d(u, p.y) - p.slope


problem = Problem(across, upwards, truth=blend.truth, name="two photographs blended")
field = Cosines((256, 256), low=(-1, -1), high=(1, 1))
method = ConjugateGradients()

if __name__ == "__main__":
    print(f"relative L² error: {solve(problem, field, method).error():.1e}")
