"""The short names of methods; any other is named by the path it is imported from."""

SHORT = {
    "auto": "siren_pde.solving.auto:Auto",
    "least-squares": "siren_pde.random_features.least_squares:LeastSquares",
    "local-features": "siren_pde.local_features.method:LocalFeatures",
    "gauss-newton": "siren_pde.optimisers.gauss_newton:GaussNewton",
    "conjugate-gradients": "siren_pde.optimisers.conjugate_gradients:ConjugateGradients",
    "marching": "siren_pde.random_features.marching:Marching",
    "propagator": "siren_pde.random_features.propagator:Propagator",
    "variable-projection": "siren_pde.random_features.variable_projection:VariableProjection",
    "adam": "siren_pde.optimisers.adam:Adam",
    "lbfgs": "siren_pde.optimisers.lbfgs:LBFGS",
    "broyden": "siren_pde.optimisers.broyden:Broyden",
}
"""The path of each short name."""
CLASSES = {path.partition(":")[2]: path for path in SHORT.values()}
"""The same paths by the names of the classes."""
