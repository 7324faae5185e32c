"""Points are where a condition holds: positions, quadrature weights, and what is known there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from siren_pde.calculus.jets import Coordinate, Data
from siren_pde.calculus.vectors import Vector
from siren_pde.errors import DomainError

RESERVED = frozenset(
    "axes positions weights normals normal data coordinates select to bounds concatenate".split()
)


def check_names(what: str, names: Iterable[str]) -> None:
    """Raise DomainError unless every name can be read as `p.name` at points p."""
    seen: set[str] = set()
    for name in names:
        if not name.isidentifier() or name.startswith("_") or name in RESERVED:
            raise DomainError(
                f"`{name}` cannot name {what}: names must be identifiers without a leading "
                f"underscore, and {', '.join(sorted(RESERVED))} mean something else at points. "
                "Rename it."
            )
        if name in seen:
            raise DomainError(f"`{name}` names {what} twice. Give each its own name.")
        seen.add(name)


@dataclass(frozen=True, eq=False)
class Points:
    """n collocation points in d coordinates: ∫ f is about Σᵢ weightsᵢ f(positionsᵢ).

    Unpacking gives the coordinates as jets, `x, y = p`; `p.x` is the same jet; `p.temperature` is
    measured data of that name and `p.normal` the outward unit normal, both known at the points
    only.

    Shapes: positions (n, d), weights (n,), normals (n, d) or None, each item of data (n,) or (n,
    k). Weights carry the unit of the domain's measure and sum to it. Raises DomainError where
    shapes or names disagree.
    """

    axes: tuple[str, ...]
    positions: Tensor
    weights: Tensor
    normals: Tensor | None = None
    data: Mapping[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_names("an axis or a measurement", (*self.axes, *self.data))
        n = len(self.positions)
        if self.positions.shape != (n, len(self.axes)):
            raise DomainError(
                f"positions must have shape (n, {len(self.axes)}), one column for each of the "
                f"axes {', '.join(self.axes)}; got {tuple(self.positions.shape)}."
            )
        if self.weights.shape != (n,):
            raise DomainError(f"weights must have shape ({n},), got {tuple(self.weights.shape)}.")
        if self.normals is not None and self.normals.shape != self.positions.shape:
            raise DomainError(
                f"normals must have the shape of positions, {tuple(self.positions.shape)}, got "
                f"{tuple(self.normals.shape)}."
            )
        for name, values in self.data.items():
            if values.ndim not in (1, 2) or len(values) != n:
                raise DomainError(
                    f"`{name}` must have shape ({n},) or ({n}, k), got {tuple(values.shape)}."
                )

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[Coordinate]:
        return iter(self.coordinates)

    @cached_property
    def coordinates(self) -> tuple[Coordinate, ...]:
        """The coordinates as jets, in the order of `axes`; always the same objects."""
        return tuple(Coordinate(self.positions[:, i], i, self.axes) for i in range(len(self.axes)))

    @cached_property
    def normal(self) -> Vector:
        """The outward unit normal: one component for every space coordinate, as in `grad`.

        On the boundary of a space-time domain the normal has a component along `t` too; it is left
        out here, as `grad` leaves out ∂/∂t, and remains available in `normals`. Raises DomainError
        where there is no normal.
        """
        if self.normals is None:
            raise DomainError(
                "these points have no `p.normal`, as those inside a domain have none. Normals "
                "exist on `domain.boundary`, on a face at the edge of its box such as "
                "`box.at(x=0)`, and on a cloud that was given them, "
                "`PointCloud(positions, normals=...)`."
            )
        space = [i for i, name in enumerate(self.axes) if name != "t"]
        if not space:
            raise DomainError(
                "`p.normal` has no component where `t` is the only coordinate. Write `d(u, t)` "
                "instead."
            )
        return Vector([Data(self.normals[:, i], "normal") for i in space])

    def __getattr__(self, name: str) -> Any:  # a jet, or a vector: only the axes and data say
        axes: tuple[str, ...] = self.__dict__.get("axes", ())
        data: Mapping[str, Tensor] = self.__dict__.get("data", {})
        if name in axes:
            return self.coordinates[axes.index(name)]
        if name not in data:
            known = ", ".join(f"`p.{each}`" for each in (*axes, "normal", *data))
            raise AttributeError(f"these points have no `{name}`. They have {known}.")
        values = data[name]
        if values.ndim == 1:
            return Data(values, name)
        return Vector([Data(values[:, i], name) for i in range(values.shape[1])])

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """The lowest and the highest value of every coordinate, each of shape (d,)."""
        return self.positions.amin(0), self.positions.amax(0)

    def select(self, index: Tensor | slice) -> Points:
        """The points at `index` (indices, a mask or a slice), with their weights as they are."""
        if isinstance(index, Tensor) and index.dtype == torch.bool:
            index = index.nonzero()[:, 0]  # once: how many there are, the host waits for
        return Points(
            self.axes,
            self.positions[index],
            self.weights[index],
            None if self.normals is None else self.normals[index],
            {name: values[index] for name, values in self.data.items()},
        )

    def to(
        self, *, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Points:
        """The same points in another precision or on another device."""

        def move(tensor: Tensor) -> Tensor:
            return tensor.to(device=device, dtype=dtype)

        return Points(
            self.axes,
            move(self.positions),
            move(self.weights),
            None if self.normals is None else move(self.normals),
            {name: move(values) for name, values in self.data.items()},
        )

    @staticmethod
    def concatenate(parts: Sequence[Points]) -> Points:
        """All points of `parts` in turn; normals and data are kept where every part has them.

        Raises DomainError if there are no parts, or their axes differ.
        """
        if not parts:
            raise DomainError("there are no points to concatenate. Give at least one `Points`.")
        if any(p.axes != parts[0].axes for p in parts):
            seen = sorted({", ".join(p.axes) for p in parts})
            raise DomainError(
                f"points with different axes cannot be joined, got ({') and ('.join(seen)})."
            )
        normals = [p.normals for p in parts if p.normals is not None]
        names = [name for name in parts[0].data if all(name in p.data for p in parts)]
        return Points(
            parts[0].axes,
            torch.cat([p.positions for p in parts]),
            torch.cat([p.weights for p in parts]),
            torch.cat(normals) if len(normals) == len(parts) else None,
            {name: torch.cat([p.data[name] for p in parts]) for name in names},
        )
