"""Sine networks that solve differential equations: residuals on domains, one solver, measured
errors.

The names that most scripts need, by the module that defines each. They are loaded on first use, so
that importing the package, or asking the command line for help, costs nothing. What fewer scripts
need is in the namespaces: `scans`, `images`, `scattering`, `io`, `plots`, `extend` (to write
domains, fields, quadratures and methods of one's own), `testing` (the laws that these obey),
`types` (to annotate with) and `errors`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the same names for type checkers and editors, which do not run `__getattr__`
    from siren_pde.calculus.elsewhere import at as at
    from siren_pde.calculus.functions import arctan as arctan
    from siren_pde.calculus.functions import cos as cos
    from siren_pde.calculus.functions import cosh as cosh
    from siren_pde.calculus.functions import erf as erf
    from siren_pde.calculus.functions import exp as exp
    from siren_pde.calculus.functions import log as log
    from siren_pde.calculus.functions import pi as pi
    from siren_pde.calculus.functions import sin as sin
    from siren_pde.calculus.functions import sinh as sinh
    from siren_pde.calculus.functions import sqrt as sqrt
    from siren_pde.calculus.functions import tan as tan
    from siren_pde.calculus.functions import tanh as tanh
    from siren_pde.calculus.operators import as_complex as as_complex
    from siren_pde.calculus.operators import curl as curl
    from siren_pde.calculus.operators import d as d
    from siren_pde.calculus.operators import div as div
    from siren_pde.calculus.operators import dot as dot
    from siren_pde.calculus.operators import grad as grad
    from siren_pde.calculus.operators import hess as hess
    from siren_pde.calculus.operators import im as im
    from siren_pde.calculus.operators import lap as lap
    from siren_pde.calculus.operators import norm as norm
    from siren_pde.calculus.operators import re as re
    from siren_pde.calculus.piecewise import complementarity as complementarity
    from siren_pde.calculus.piecewise import maximum as maximum
    from siren_pde.calculus.piecewise import minimum as minimum
    from siren_pde.calculus.piecewise import where as where
    from siren_pde.calculus.tables import interpolated as interpolated
    from siren_pde.calculus.vectors import Vector as Vector
    from siren_pde.checks import check as check
    from siren_pde.collocation.quadrature import GaussLegendre as GaussLegendre
    from siren_pde.collocation.quadrature import Grid as Grid
    from siren_pde.collocation.quadrature import MonteCarlo as MonteCarlo
    from siren_pde.collocation.quadrature import Sobol as Sobol
    from siren_pde.domains.ball import Ball as Ball
    from siren_pde.domains.ball import Sphere as Sphere
    from siren_pde.domains.box import Box as Box
    from siren_pde.domains.cloud import PointCloud as PointCloud
    from siren_pde.domains.implicit import Implicit as Implicit
    from siren_pde.domains.polygon import Polygon as Polygon
    from siren_pde.fields.ansatz import Ansatz as Ansatz
    from siren_pde.fields.enriched import Enriched as Enriched
    from siren_pde.fields.mapped import Mapped as Mapped
    from siren_pde.fields.siren import Siren as Siren
    from siren_pde.fields.system import System as System
    from siren_pde.fields.system import Unknown as Unknown
    from siren_pde.io.readers import read_points as read_points
    from siren_pde.io.results import load as load
    from siren_pde.io.results import save as save
    from siren_pde.local_features.method import LocalFeatures as LocalFeatures
    from siren_pde.numerics.schedule import Schedule as Schedule
    from siren_pde.optimisers.adam import Adam as Adam
    from siren_pde.optimisers.broyden import Broyden as Broyden
    from siren_pde.optimisers.gauss_newton import GaussNewton as GaussNewton
    from siren_pde.optimisers.lbfgs import LBFGS as LBFGS
    from siren_pde.plots.results import plot as plot
    from siren_pde.problem import Problem as Problem
    from siren_pde.problem import on as on
    from siren_pde.random_features.least_squares import LeastSquares as LeastSquares
    from siren_pde.random_features.marching import Marching as Marching
    from siren_pde.random_features.propagator import Propagator as Propagator
    from siren_pde.references import reference as reference
    from siren_pde.scans.fit import fit_sdf as fit_sdf
    from siren_pde.solving.auto import Auto as Auto
    from siren_pde.solving.report import Budget as Budget
    from siren_pde.solving.report import Every as Every
    from siren_pde.solving.report import Stop as Stop
    from siren_pde.solving.solve import solve as solve

__version__ = "0.2.0"

_HOME = {
    # where
    "Box": "domains.box",
    "Ball": "domains.ball",
    "Sphere": "domains.ball",
    "Polygon": "domains.polygon",
    "PointCloud": "domains.cloud",
    "Implicit": "domains.implicit",
    "Sobol": "collocation.quadrature",
    "MonteCarlo": "collocation.quadrature",
    "GaussLegendre": "collocation.quadrature",
    "Grid": "collocation.quadrature",
    # calculus
    "d": "calculus.operators",
    "grad": "calculus.operators",
    "div": "calculus.operators",
    "curl": "calculus.operators",
    "lap": "calculus.operators",
    "hess": "calculus.operators",
    "dot": "calculus.operators",
    "norm": "calculus.operators",
    "at": "calculus.elsewhere",
    "re": "calculus.operators",
    "im": "calculus.operators",
    "Vector": "calculus.vectors",
    "as_complex": "calculus.operators",
    "pi": "calculus.functions",
    "sin": "calculus.functions",
    "cos": "calculus.functions",
    "tan": "calculus.functions",
    "exp": "calculus.functions",
    "log": "calculus.functions",
    "sqrt": "calculus.functions",
    "tanh": "calculus.functions",
    "sinh": "calculus.functions",
    "cosh": "calculus.functions",
    "arctan": "calculus.functions",
    "erf": "calculus.functions",
    "maximum": "calculus.piecewise",
    "minimum": "calculus.piecewise",
    "where": "calculus.piecewise",
    "complementarity": "calculus.piecewise",
    "interpolated": "calculus.tables",
    # what
    "Problem": "problem",
    "on": "problem",
    "Schedule": "numerics.schedule",
    "reference": "references",
    "Siren": "fields.siren",
    "Ansatz": "fields.ansatz",
    "Enriched": "fields.enriched",
    "Mapped": "fields.mapped",
    "System": "fields.system",
    "Unknown": "fields.system",
    # how
    "Auto": "solving.auto",
    "LeastSquares": "random_features.least_squares",
    "LocalFeatures": "local_features.method",
    "Marching": "random_features.marching",
    "Propagator": "random_features.propagator",
    "GaussNewton": "optimisers.gauss_newton",
    "Adam": "optimisers.adam",
    "LBFGS": "optimisers.lbfgs",
    "Broyden": "optimisers.broyden",
    "Budget": "solving.report",
    "Every": "solving.report",
    "Stop": "solving.report",
    "check": "checks",
    "solve": "solving.solve",
    # around
    "fit_sdf": "scans.fit",
    "read_points": "io.readers",
    "save": "io.results",
    "load": "io.results",
    "plot": "plots.results",
}

_NAMESPACES = (
    "errors",
    "extend",
    "images",
    "io",
    "plots",
    "scans",
    "scattering",
    "testing",
    "types",
)

__all__ = [*_HOME]


if not TYPE_CHECKING:  # type checkers would believe in any name

    def __getattr__(name: str) -> object:
        if name in _NAMESPACES:
            return import_module(f"siren_pde.{name}")
        if name not in _HOME:
            raise AttributeError(f"siren_pde has no `{name}`{_whereabouts(name)}.")
        value: object = getattr(import_module(f"siren_pde.{_HOME[name]}"), name)
        globals()[name] = value
        return value


def _whereabouts(name: str) -> str:
    """Which namespace has a name, if one does; else all that there are."""
    for space in _NAMESPACES:
        if name in getattr(import_module(f"siren_pde.{space}"), "__all__", ()):
            return f": write `from siren_pde.{space} import {name}`"
    return f"; its names are {', '.join(sorted(_HOME))}, and more are in {', '.join(_NAMESPACES)}"


def __dir__() -> list[str]:
    return sorted([*_HOME, *_NAMESPACES])
