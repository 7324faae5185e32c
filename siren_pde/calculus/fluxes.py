"""What a residual takes derivatives of: across a jump in its coefficients that is continuous."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from siren_pde.calculus.jets import Jet


class Flux(NamedTuple):
    """A jet V of which a residual takes ∂V/∂xᵢ for the axis i, as a component of div V."""

    value: Jet
    axis: int


_FLUXES: ContextVar[list[Flux] | None] = ContextVar("fluxes", default=None)


def note_flux(value: Jet, axis: int) -> None:
    """Say that ∂value/∂xᵢ is taken, of a value that depends on a field."""
    noted = _FLUXES.get()
    if noted is not None and value.from_field:
        noted.append(Flux(value, axis))


@contextmanager
def fluxes_noted() -> Iterator[list[Flux]]:
    """The fluxes that are differentiated meanwhile, in turn."""
    noted: list[Flux] = []
    token = _FLUXES.set(noted)
    try:
        yield noted
    finally:
        _FLUXES.reset(token)
