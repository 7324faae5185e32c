"""Sine networks that solve differential equations: residuals on domains, one solver, measured
errors.

The public names, by the module that defines each. They are loaded on first use, so that importing
the package, or asking the command line for help, costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    # where
    "Box": "domains.box",
    "Ball": "domains.ball",
    "Sphere": "domains.ball",
    "Polygon": "domains.polygon",
    "PointCloud": "domains.cloud",
    "Implicit": "domains.implicit",
    "Domain": "domains.base",
    "Points": "points",
    "Sobol": "quadrature",
    "MonteCarlo": "quadrature",
    "GaussLegendre": "quadrature",
    "Grid": "quadrature",
    # calculus
    "d": "operators",
    "grad": "operators",
    "div": "operators",
    "curl": "operators",
    "lap": "operators",
    "hess": "operators",
    "dot": "operators",
    "norm": "operators",
    "re": "operators",
    "im": "operators",
    "pi": "functions",
    "sin": "functions",
    "cos": "functions",
    "tan": "functions",
    "exp": "functions",
    "log": "functions",
    "sqrt": "functions",
    "tanh": "functions",
    "sinh": "functions",
    "cosh": "functions",
    "arctan": "functions",
    "erf": "functions",
    "hankel": "functions",
    "AbsorbingLayer": "layers",
    "Shots": "shots",
    "read_shots": "shots",
    "Jet": "jets",
    "Vector": "vectors",
    "Complex": "complex",
    "as_complex": "complex",
    # what
    "Siren": "fields.siren",
    "Ansatz": "fields.ansatz",
    "Cosines": "fields.cosines",
    "Enriched": "fields.enriched",
    "Mapped": "fields.mapped",
    "System": "fields.system",
    "Unknown": "fields.system",
    "Generic": "fields.generic",
    "Problem": "problem",
    "Condition": "problem",
    "on": "problem",
    "Schedule": "schedules",
    "Reference": "references",
    "reference": "references",
    # how
    "Objective": "objective",
    "LeastSquares": "methods.least_squares",
    "ConjugateGradients": "methods.conjugate_gradients",
    "Marching": "methods.marching",
    "Propagator": "methods.propagator",
    "GaussNewton": "methods.gauss_newton",
    "Adam": "methods.adam",
    "LBFGS": "methods.lbfgs",
    "Broyden": "methods.broyden",
    "VariableProjection": "methods.projection",
    "Auto": "methods.auto",
    "Budget": "trainer",
    "check": "checks",
    "solve": "trainer",
    "fit_sdf": "surfaces.fit",
    "Eikonal": "surfaces.regularisers",
    "Viscosity": "surfaces.regularisers",
    "Heat": "surfaces.regularisers",
    "SingularHessian": "surfaces.regularisers",
    "Area": "surfaces.regularisers",
    "Mesh": "surfaces.mesh",
    "extract": "surfaces.extract",
    "read_points": "readers",
    "read_mesh": "readers",
    "write_mesh": "writers",
    "write_volume": "writers",
    "photograph": "images",
    "coin": "images",
    "Blend": "blending",
    "Solution": "solution",
    # around
    "save": "storage",
    "load": "storage",
    "save_sdf": "scans",
    "load_sdf": "scans",
    "plot": "plotting",
    "plot_history": "plotting",
    "plot_mesh": "views",
    "watching": "progress",
}

__all__ = [*_HOME, "errors"]


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module("siren_pde.errors")
    if name not in _HOME:
        raise AttributeError(
            f"siren_pde has no `{name}`; its names are {', '.join(sorted(_HOME))}."
        )
    value = getattr(import_module(f"siren_pde.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
