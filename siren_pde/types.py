"""The types that users annotate with: what residuals are given, and what solving returns."""

from siren_pde.calculus.complex import Complex
from siren_pde.calculus.jets import Jet
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.checks.finding import Finding, Severity
from siren_pde.collocation.quadrature import Quadrature
from siren_pde.domains.base import Domain
from siren_pde.estimates.bounds import Bounds
from siren_pde.estimates.goals import Goal
from siren_pde.fields.base import Field
from siren_pde.meshes.mesh import Mesh
from siren_pde.optimisers.base import Iterate, Method
from siren_pde.optimisers.outcome import Outcome
from siren_pde.problem import Condition
from siren_pde.processes.processes import Processes
from siren_pde.references import Reference
from siren_pde.scans.signed_distance import SignedDistance
from siren_pde.solving.history import History
from siren_pde.solving.report import Callback, Report
from siren_pde.solving.solution import Solution

__all__ = [
    "Bounds",
    "Callback",
    "Complex",
    "Condition",
    "Domain",
    "Field",
    "Finding",
    "Goal",
    "History",
    "Iterate",
    "Jet",
    "Mesh",
    "Method",
    "Outcome",
    "Points",
    "Processes",
    "Quadrature",
    "Reference",
    "Report",
    "Severity",
    "SignedDistance",
    "Solution",
    "Vector",
]
