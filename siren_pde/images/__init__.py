"""Photographs as data: from slopes between pixels, or from those of two blended into one."""

from siren_pde.images.blending import Blend
from siren_pde.images.photographs import Image, coin, photograph

__all__ = ["Blend", "Image", "coin", "photograph"]
