"""Domains: where conditions hold.

A domain is written by subclassing `base.Piece`; what that asks for is said there. The two modules
imported here register what the operators `| & - *` mean.
"""

from siren_pde.domains import booleans as booleans
from siren_pde.domains import product as product
