"""The laws that the members of each family obey, to check those of your own with."""

from siren_pde.testing.domains import check_domain
from siren_pde.testing.fields import check_field
from siren_pde.testing.laws import LawError
from siren_pde.testing.methods import check_method
from siren_pde.testing.problems import check_problem
from siren_pde.testing.quadratures import check_quadrature

__all__ = [
    "LawError",
    "check_domain",
    "check_field",
    "check_method",
    "check_problem",
    "check_quadrature",
]
