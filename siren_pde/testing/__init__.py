"""The laws that members of each family obey, for those of your own."""

from siren_pde.testing.domains import check_domain as check_domain
from siren_pde.testing.laws import LawError as LawError
