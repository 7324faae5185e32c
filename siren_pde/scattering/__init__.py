"""Waves scattered by a medium: sources and receivers around it, and layers that absorb."""

from siren_pde.calculus.functions import hankel
from siren_pde.random_features.variable_projection import VariableProjection
from siren_pde.scattering.absorbing_layer import AbsorbingLayer
from siren_pde.scattering.survey import Survey, read_survey

__all__ = [
    "AbsorbingLayer",
    "Survey",
    "VariableProjection",
    "hankel",
    "read_survey",
]
