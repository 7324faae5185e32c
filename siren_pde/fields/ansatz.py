"""Exact conditions by construction: u = lift + φ·N, where φ vanishes on a boundary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, final

import torch
from torch import Tensor, nn

from siren_pde.calculus.jets import Constant, Jet, as_jet
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field, Network, Quantity
from siren_pde.fields.storage import described, restored_network
from siren_pde.fields.system import parts
from siren_pde.fields.templates import require_template
from siren_pde.files.json_values import JSON, Description, entry

Flux = Callable[[Points, Any], object]

ROUNDING = 1e-9
"""Factors of u in a flux that differ less, beside the flux, are one number."""


class BoundaryPart(Protocol):
    """A part of a boundary on which a field can be given another slope."""

    @property
    def part(self) -> Any:
        """The part itself."""
        ...

    @property
    def slopes(self) -> Sequence[object]:
        """The parts whose slopes its lift leaves alone, so that all are lifted at once."""
        ...

    def lift(self, p: Points) -> Jet:
        """A jet that is zero on the part, with outward slope one."""
        ...

    def slope(self, u: Any, p: Points) -> Any:
        """∂u/∂n on the part, and something smooth elsewhere."""
        ...

    def foot(self, p: Points) -> Points:
        """Points of the part, or p itself."""
        ...

    def extended(self, value: Any) -> Any:
        """A jet at the foot as a jet at p."""
        ...


class Boundary(Protocol):
    """A boundary with a smooth function that is zero on it."""

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates."""
        ...

    @property
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The corners (low, high) of a box around it."""
        ...

    def contains(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether positions (n, d) lie on it, up to a distance, (n,)."""
        ...

    def boundary_function(self, p: Points) -> Jet:
        """A jet that is zero exactly on this domain, with a non-zero normal derivative."""
        ...

    def flux_part(self, values: Any, slopes: Sequence[Any]) -> BoundaryPart:
        """This part of a boundary, beside those with values and those with slopes."""
        ...


@final
class Ansatz(Field):
    """A field that satisfies conditions on a boundary whatever its parameters: u = lift + φ·N.

    `field` is N. `lift(p)` is a function of the coordinates with the wanted boundary values (zero
    if left out). φ comes from `vanishing_on`, a boundary such as `box.boundary` or `box.at(t=0)`,
    or is given as a function `vanishing(p)`.

    `flux` gives the outward normal derivative ∂u/∂n = h(p, u) on other parts of the boundary, faces
    of a box, sides of a polygon, spheres or surfaces of an `Implicit`, each with its own function:
    `flux={box.at(x=1): lambda p, u: 1 - u}`. There the field v made so far is lifted by
    ψ·(h(p, v) − ∂v/∂n), where ψ is zero with slope one; residuals see one more derivative of N. The
    field stays smooth where parts do not meet, and where sides or faces with values meet sides or
    faces with fluxes at right angles; if all parts are faces of one box, also where fluxes meet,
    which depend on u by constant factors then. There the data must agree in the corner, as those of
    a field with continuous second derivatives do. In other corners these are infinite, and beside
    several curved or slanting parts N has to be rougher than u: conditions still hold to rounding,
    but the equation is solved to fewer digits.

    Raises ConfigError if there is no place, or two, where values hold, or for other factors where
    fluxes of a box meet, and DomainError for parts that no smooth function is known for.

    Source: Lagaris, Likas and Fotiadis, IEEE Trans. Neural Networks 9 (1998), eq. 11; for fluxes
    Rvachev and Sheiko, Appl. Mech. Rev. 48 (1995), in the form of Sukumar and Srivastava, Comput.
    Methods Appl. Mech. Eng. 389 (2022), §5.
    """

    def __init__(
        self,
        field: Network,
        *,
        lift: Callable[[Points], Quantity] | None = None,
        vanishing_on: Boundary | None = None,
        vanishing: Callable[[Points], Jet] | None = None,
        flux: Mapping[Boundary, Flux] | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(field, Network):
            raise ConfigError(
                f"`Ansatz` is built around one network such as `Siren(2)`, got "
                f"{type(field).__name__}. In a system, give each unknown its own ansatz."
            )
        places = [vanishing_on is not None or bool(flux), vanishing is not None]
        if sum(places) != 1:
            raise ConfigError(
                "`Ansatz` needs the place where its network shall vanish, once: write either "
                "`vanishing_on=box.boundary` or `vanishing=lambda p: …`. Slopes elsewhere, "
                "`flux={box.at(x=1): lambda p, u: 0}`, go with the former, or alone."
            )
        self.field, self.lift, self.vanishing_on = field, lift, vanishing_on
        self.vanishing = vanishing_on.boundary_function if vanishing_on is not None else vanishing
        self.flux: dict[Boundary, Flux] = dict(flux or {})
        self.groups = _grouped([part.flux_part(vanishing_on, [*self.flux]) for part in self.flux])
        for part in self.flux if len(self.groups) > 1 else ():
            self._require_constant_factor(part)

    def networks(self) -> dict[str, Network]:
        """The inner network."""
        return self.field.networks()

    def unknowns(self, p: Points, jets: Mapping[str, Quantity]) -> dict[str, Quantity]:
        """The lifted data and φ·N, both with the wanted slopes, in the algebra of jets."""
        free = jets["u"]
        if self.vanishing is not None:
            phi = self.vanishing(p)
            free = free * phi if isinstance(free, Vector) else phi * free
        for k, group in enumerate(self.groups):
            data, v = self._data(p, k), free
            for side in group:
                both, alone = (self._flux(side.part, p, u) for u in (data + v, data))
                free = free + side.lift(p) * (both - alone - side.slope(v, p))
        return {"u": free if self._homogeneous else self._data(p, len(self.groups)) + free}

    @property
    def _homogeneous(self) -> bool:
        return self.lift is None and not self.groups

    def _data(self, p: Points, k: int) -> Quantity:
        """What has the wanted values, and slopes on the first k groups of parts."""
        if k == 0 and self.lift is not None:
            return self.lift(p)
        if k == 0:
            outputs = self.field.outputs
            return Constant(0.0) if outputs == 1 else Vector([Constant(0.0)] * outputs)
        data = self._data(p, k - 1)
        for side in self.groups[k - 1]:
            foot = side.foot(p)
            v = self._data(foot, k - 1)
            lacking = self._flux(side.part, foot, v) - side.slope(v, foot)
            data = data + side.lift(p) * side.extended(lacking)
        return data

    def _flux(self, part: Boundary, p: Points, u: Quantity) -> Quantity:
        """The given flux, as a jet or as many as u has components."""
        flux = self.flux[part](p, u)
        if isinstance(u, Vector):
            return flux if isinstance(flux, Vector) else u.map(lambda c: 0 * c + flux)
        jet: Jet = as_jet(flux)
        return jet

    def _require_constant_factor(self, part: Boundary) -> None:
        """Raise ConfigError unless the flux is g(p) − c u for a number c, at random points."""
        low, high = (torch.tensor(c, dtype=torch.float64) for c in part.bounds)
        share = torch.rand(8, len(low), generator=torch.Generator().manual_seed(0)).to(low)
        p = Points(part.axes, low + share * (high - low), share[:, 0])
        n, values = self.field.outputs, []
        for size in (0.0, 1.0, 2.0):
            u = Constant(size) if n == 1 else Vector([Constant(size)] * n)
            flux = self._flux(part, p, u)
            columns = flux if isinstance(flux, Vector) else [flux]
            values.append(torch.stack([c.value + 0 * share[:, 0] for c in columns]))
        zero, one, two = values
        off = torch.maximum(
            ((one - zero) - (one - zero)[:, :1]).abs(), (two - 2 * one + zero).abs()
        )
        if float(off.max()) > ROUNDING * (1 + float(two.abs().max())):
            raise ConfigError(
                f"the `flux` on {part!r} meets another one in an edge. Both hold exactly only if "
                "they depend on u by a constant factor, as in `lambda p, u: g(p) - 2 * u`. Write "
                "one of them as a residual, `@on(…)`."
            )

    def scaled_to(self, low: Tensor, high: Tensor, frequency: Tensor) -> Ansatz:
        """The same ansatz around a scaled network."""
        return self.around(self.field.scaled_to(low, high, frequency))

    def with_random_features(
        self, width: int, frequency: Tensor, seed: int, order: int = 0
    ) -> Ansatz:
        """The same ansatz around frozen features."""
        return self.around(self.field.with_random_features(width, frequency, seed, order))

    def rebuilt(self, change: Callable[[Network], Network]) -> Ansatz:
        """The same ansatz around the changed network."""
        return self.around(self.field.rebuilt(change))

    def describe(self) -> dict[str, JSON]:
        """What its network is made of; the functions are not stored."""
        return {"field": described(self.field)}

    @classmethod
    def from_description(
        cls, description: Description, template: nn.Module | None, numbers: int
    ) -> Ansatz:
        """The template's functions around the network described."""
        reason = "holds Python functions (its lift and where it vanishes)"
        given = require_template(template, Ansatz, reason)
        return given.around(restored_network(entry(description, "field"), given.field, numbers))

    def around(self, field: Network) -> Ansatz:
        """The same ansatz around another network."""
        place = self.vanishing_on
        given = self.vanishing if place is None else None
        return Ansatz(
            field,
            lift=self.lift,
            vanishing_on=place,
            vanishing=given,
            flux=self.flux,
        )


def held_on(field: Field) -> list[Any]:
    """The parts of boundaries on which an ansatz, alone or in a system, holds conditions."""
    fields = [part for part in parts(field).values() if isinstance(part, Ansatz)]
    places = [ansatz.vanishing_on for ansatz in fields if ansatz.vanishing_on is not None]
    return [*places, *(part for ansatz in fields for part in ansatz.flux)]


def _grouped(sides: Sequence[BoundaryPart]) -> list[list[BoundaryPart]]:
    """Parts that may be lifted at once, those at right angles to them in the next group."""
    groups: list[list[BoundaryPart]] = []
    for side in sides:
        fitting = (g for g in groups if all(other.part in side.slopes for other in g))
        group = next(fitting, None)
        if group is None:
            groups.append(group := [])
        group.append(side)
    return groups
