"""Exact conditions by construction: u = lift + φ·N, where φ vanishes on a boundary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, final

from torch import Tensor

from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field, Leaf
from siren_pde.points import Points
from siren_pde.vectors import Vector


class HasVanishing(Protocol):
    """A boundary that knows a smooth function which is zero on it."""

    def vanishing(self, p: Points) -> Any:
        """A jet that is zero exactly on this domain, with a non-zero normal derivative."""
        ...


@final
class Ansatz(Field):
    """A field that satisfies u = lift on a boundary whatever its parameters: u = lift + φ·N.

    `field` is N. `lift(p)` is a function of the coordinates with the wanted boundary values (zero
    if left out). φ comes from `vanishing_on`, a boundary such as `box.boundary` or `box.at(t=0)`,
    or is given as a function `vanishing(p)`; exactly one of them.

    Source: Lagaris, Likas and Fotiadis, IEEE Trans. Neural Networks 9 (1998), eq. 11.
    """

    def __init__(
        self,
        field: Leaf,
        *,
        lift: Callable[[Points], Any] | None = None,
        vanishing_on: HasVanishing | None = None,
        vanishing: Callable[[Points], Any] | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(field, Leaf):
            raise ConfigError(
                f"`Ansatz` is built around one network such as `Siren(2)`, got "
                f"{type(field).__name__}. In a system, give each unknown its own ansatz."
            )
        if (vanishing_on is None) == (vanishing is None):
            raise ConfigError(
                "`Ansatz` needs the place where its network shall vanish, once: write either "
                "`vanishing_on=box.boundary` or `vanishing=lambda p: …`."
            )
        self.field, self.lift = field, lift
        self.vanishing = vanishing if vanishing is not None else vanishing_on.vanishing  # type: ignore[union-attr]

    def leaves(self) -> dict[str, Leaf]:
        """The inner network."""
        return self.field.leaves()

    def unknowns(self, p: Points, jets: Mapping[str, Any]) -> dict[str, Any]:
        """lift + φ·N, in the algebra of jets."""
        inner, phi = jets["u"], self.vanishing(p)
        u = inner * phi if isinstance(inner, Vector) else phi * inner
        return {"u": u if self.lift is None else self.lift(p) + u}

    def placed(self, low: Tensor, high: Tensor, frequency: Tensor) -> Ansatz:
        """The same ansatz around a placed network."""
        return self._around(self.field.placed(low, high, frequency))

    def featured(self, width: int, frequency: Tensor, seed: int, order: int = 0) -> Ansatz:
        """The same ansatz around frozen features."""
        return self._around(self.field.featured(width, frequency, seed, order))

    def rebuilt(self, change: Callable[[Leaf], Leaf]) -> Ansatz:
        """The same ansatz around the changed network."""
        return self._around(self.field.rebuilt(change))

    def _around(self, field: Field) -> Ansatz:
        return Ansatz(field, lift=self.lift, vanishing=self.vanishing)  # type: ignore[arg-type]
