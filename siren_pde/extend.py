"""The names for domains, fields, quadratures and methods of your own, beside `siren_pde` itself.

Check what you write with `siren_pde.testing`.
"""

# Jets are values that carry their derivatives, at points: what boundary functions are written in.
from siren_pde.calculus.derivatives import Laplace as Laplace
from siren_pde.calculus.jets import Jet as Jet
from siren_pde.calculus.points import Points as Points
from siren_pde.calculus.vectors import Vector as Vector

# An objective holds residuals at points: the products with its Jacobian are all that methods see.
from siren_pde.collocation.collocated import Collocated as Collocated
from siren_pde.collocation.evaluation import Limits as Limits
from siren_pde.collocation.objective import Objective as Objective
from siren_pde.collocation.objective import objective_of as objective_of

# A quadrature places points on the pieces of a domain; a sequence rule needs a sequence alone.
from siren_pde.collocation.quadrature import Quadrature as Quadrature
from siren_pde.collocation.quadrature import SequenceRule as SequenceRule

# A domain of your own is a piece: its chart gives the image of the unit cube.
from siren_pde.domains.base import Domain as Domain
from siren_pde.domains.base import Image as Image
from siren_pde.domains.base import Piece as Piece

# A network of your own gives values, and its derivatives by a plan where it knows them.
from siren_pde.fields.base import Evaluation as Evaluation
from siren_pde.fields.base import Field as Field
from siren_pde.fields.base import Network as Network
from siren_pde.fields.base import Quantity as Quantity
from siren_pde.fields.engine.plan import Plan as Plan
from siren_pde.fields.engine.workspace import Workspace as Workspace

# A method steps from iterate to iterate, and sees residuals, or only a smooth function.
from siren_pde.numerics.least_squares import NormalEquations as NormalEquations
from siren_pde.optimisers.base import Architecture as Architecture
from siren_pde.optimisers.base import Iterate as Iterate
from siren_pde.optimisers.base import Method as Method
from siren_pde.optimisers.base import Residuals as Residuals
from siren_pde.optimisers.base import Smooth as Smooth
