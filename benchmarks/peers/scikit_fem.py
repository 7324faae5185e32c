"""scikit-fem (Gustafsson and McBain, JOSS 5, 2020): finite elements for the stationary problems.

Elements of order 6 on squares, refined to half their size from level to level, solved by its
default, a sparse direct solver.
"""

import numpy as np
from protocol import Run
from refinement import refined

PROBLEMS = ("poisson_scales", "helmholtz")
SHIFTS = {"poisson_scales": 0.0, "helmholtz": 1.0}
"""The multiple of u that stands beside Δu."""
ORDER = 6
LEVELS = range(1, 8)
"""2ᵏ squares along each axis."""


def solved(problem, level):
    """Δu + shift · u = f, u = 0 on the boundary, in its weak form."""
    low, high = problem.box[0]
    shift = SHIFTS[problem.name]
    line = np.linspace(low, high, 2**level + 1)
    basis = skfem.Basis(
        skfem.MeshQuad.init_tensor(line, line), skfem.ElementQuadP(ORDER), intorder=2 * ORDER + 2
    )

    @skfem.BilinearForm
    def operator(u, v, w):
        return shift * u * v - dot(grad(u), grad(v))

    @skfem.LinearForm
    def data(v, w):
        return problem.source(np, *w.x) * v

    fixed = skfem.condense(operator.assemble(basis), data.assemble(basis), D=basis.get_dofs())
    u = skfem.solve(*fixed)
    return lambda points: basis.probes(points.T) @ u, len(fixed[1])


if __name__ == "__main__":
    asked = Run.asked()
    with asked.uncounted("imported"):
        import skfem
        from skfem.helpers import dot, grad
    refined(asked, LEVELS, solved, f"elements of order {ORDER}", ["scikit-fem", "scipy"])
