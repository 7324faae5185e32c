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
    "Points": "calculus.points",
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
    "re": "calculus.operators",
    "im": "calculus.operators",
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
    "hankel": "calculus.functions",
    "AbsorbingLayer": "scattering",
    "Survey": "scattering",
    "read_survey": "scattering",
    "Jet": "calculus.jets",
    "Vector": "calculus.vectors",
    "Complex": "calculus.complex",
    "as_complex": "calculus.operators",
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
    "Schedule": "numerics.schedule",
    "Reference": "references",
    "reference": "references",
    # how
    "Objective": "collocation.objective",
    "LeastSquares": "random_features.least_squares",
    "ConjugateGradients": "optimisers.conjugate_gradients",
    "Marching": "random_features.marching",
    "Propagator": "random_features.propagator",
    "GaussNewton": "optimisers.gauss_newton",
    "Adam": "optimisers.adam",
    "LBFGS": "optimisers.lbfgs",
    "Broyden": "optimisers.broyden",
    "VariableProjection": "random_features.variable_projection",
    "Auto": "solving.auto",
    "Budget": "solving.report",
    "check": "checks",
    "solve": "solving.solve",
    "fit_sdf": "scans.fit",
    "Eikonal": "scans.regularisers",
    "Viscosity": "scans.regularisers",
    "Heat": "scans.regularisers",
    "SingularHessian": "scans.regularisers",
    "Area": "scans.regularisers",
    "Mesh": "meshes.mesh",
    "extract": "meshes.marching_cubes",
    "read_points": "io.readers",
    "read_mesh": "io.readers",
    "write_mesh": "io.writers",
    "write_volume": "io.writers",
    "photograph": "images",
    "coin": "images",
    "Blend": "images",
    "Solution": "solving.solution",
    # around
    "Outcome": "solving.outcome",
    "save": "io.results",
    "load": "io.results",
    "plot": "plots.results",
    "plot_history": "plots.solution",
    "plot_mesh": "plots.mesh",
    "watching": "solving.progress",
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
