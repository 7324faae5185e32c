"""The names for domains, fields, quadratures and methods of your own, beside those of `siren_pde`.

Check what you write with `siren_pde.testing`.
"""

# Jets are values that carry their derivatives, at points: what boundary functions are written in.
from siren_pde.calculus.derivatives import Laplace
from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points

# An objective holds residuals at points: the products with its Jacobian are all that methods see.
from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.evaluation import Limits
from siren_pde.collocation.objective import Objective, objective_of

# A quadrature places points on the pieces of a domain; a sequence rule needs a sequence alone.
from siren_pde.collocation.quadrature import Quadrature, SequenceRule

# A domain of your own is a piece: its chart gives the image of the unit cube.
from siren_pde.domains.base import Domain, Image, Piece

# A network of your own gives values, and its derivatives by a plan where it knows them.
from siren_pde.fields.base import Evaluation, Field, Network, Quantity
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.engine.workspace import Workspace
from siren_pde.fields.generic import Generic

# A method steps from iterate to iterate, and sees residuals, or only a smooth function.
from siren_pde.numerics.least_squares import NormalEquations
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Smooth, Spent
from siren_pde.optimisers.outcome import Outcome

__all__ = [
    "Architecture",
    "Collocated",
    "Domain",
    "Evaluation",
    "Field",
    "Generic",
    "Image",
    "Iterate",
    "Jet",
    "Laplace",
    "Limits",
    "Method",
    "Network",
    "NormalEquations",
    "Objective",
    "Outcome",
    "Piece",
    "Plan",
    "Points",
    "Quadrature",
    "Quantity",
    "Residuals",
    "SequenceRule",
    "Smooth",
    "Spent",
    "Workspace",
    "objective_of",
]
