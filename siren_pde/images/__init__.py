"""Photographs as data: from slopes between pixels, or from those of two blended into one."""

from siren_pde.fields.cosines import Cosines
from siren_pde.images.blending import Blend
from siren_pde.images.photographs import Image, coin, photograph
from siren_pde.optimisers.conjugate_gradients import ConjugateGradients

__all__ = [
    "Blend",
    "ConjugateGradients",
    "Cosines",
    "Image",
    "coin",
    "photograph",
]
