"""A point cloud: finitely many given points, with normals and measurements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siren_pde.calculus.points import Points, check_names
from siren_pde.domains.base import Domain, Image, Piece
from siren_pde.domains.shape import Bounds
from siren_pde.errors import DomainError, NonFiniteError

Values = Tensor | npt.ArrayLike

_PAIRS = 10_000_000  # distances held at once by the membership test


@final
@dataclass(frozen=True, init=False, repr=False, eq=False)
class PointCloud(Piece):
    """Points given one by one: `PointCloud(positions, normals=n, temperature=T)`.

    Every point has the same weight, and the weights sum to 1: an integral over a cloud is a mean.

    Main arguments: positions (n, d), or (n,) in one coordinate, as an array, nested list or tensor;
    any further keyword is a measurement of that name, (n,) or (n, k), read as `p.name` in a
    residual. Other arguments: normals (n, d), which are scaled to unit length; axes, the names of
    the coordinates (x, y, z unless given).

    Tensors keep their precision and device, and what comes with them follows; everything else is
    float64 on the CPU. Raises DomainError for shapes or names that do not fit, NonFiniteError for
    NaN and infinity.
    """

    all_points: Points

    def __init__(
        self,
        positions: Values,
        *,
        normals: Values | None = None,
        axes: Sequence[str] | None = None,
        **data: Values,
    ) -> None:
        where = _tensor("positions", positions, None)
        where = where[:, None] if where.ndim == 1 else where
        if where.ndim != 2 or 0 in where.shape:
            raise DomainError(
                "`PointCloud` needs at least one point and one coordinate, got positions of "
                f"shape {tuple(where.shape)}. "
                "Give positions of shape (n, d), or (n,) in one coordinate."
            )
        names = _axes(axes, where.shape[1])
        check_names("a measurement", (*names, *data))
        measured = {name: _like("`" + name + "`", values, where) for name, values in data.items()}
        direction = None if normals is None else _unit(_like("normals", normals, where), where)
        weights = torch.full((len(where),), 1 / len(where), dtype=where.dtype, device=where.device)
        object.__setattr__(self, "all_points", Points(names, where, weights, direction, measured))

    def describe(self) -> Mapping[str, object]:
        """Where the points are; what was measured there is not stored."""
        return {"positions": self.positions, "normals": self.normals, "axes": self.axes}

    def __len__(self) -> int:
        return len(self.all_points)

    def __repr__(self) -> str:
        known = ["normals"] if self.normals is not None else []
        notes = "".join(f"; {name}" for name in (*known, *self.data))
        return f"PointCloud({len(self)} points in {', '.join(self.axes)}{notes})"

    @property
    def positions(self) -> Tensor:
        """The positions, shape (n, d)."""
        return self.all_points.positions

    @property
    def normals(self) -> Tensor | None:
        """The unit normals, shape (n, d), if there are any."""
        return self.all_points.normals

    @property
    def data(self) -> Mapping[str, Tensor]:
        """The measurements by name, each (n,) or (n, k)."""
        return self.all_points.data

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the coordinates, in order."""
        return self.all_points.axes

    @property
    def dimension(self) -> int:
        """0: points have no extent."""
        return 0

    @property
    def inputs(self) -> int:
        """1: the chart turns one unit coordinate into the number of a point."""
        return 1

    @property
    def measure(self) -> float:
        """1, so that an integral over the cloud is the mean over its points."""
        return 1.0

    @property
    def bounds(self) -> Bounds:
        """The corners of the smallest box around the points."""
        low, high = self.all_points.bounds
        return tuple(low.tolist()), tuple(high.tolist())

    @property
    def boundary(self) -> Domain:
        """Raises DomainError: points have no boundary."""
        raise DomainError(
            "a point cloud has no boundary. State the condition on the cloud itself, or on "
            "`Box.around(cloud).boundary`."
        )

    @property
    def data_points(self) -> Points:
        """The whole cloud, each point with weight 1/n."""
        return self.all_points

    def restricted(self, keeps: Callable[[Tensor], Tensor]) -> Domain:
        """The points that are kept, with their data."""
        return self.where(keeps(self.positions))

    def drawn(self, n: int, *, seed: int, dtype: torch.dtype, device: torch.device) -> Points:
        """All points if n is no less, else a sample of n."""
        cloud = self.to(dtype, device)
        return cloud.all_points if n >= len(self) else cloud.sample(n, seed=seed)

    def holds(self, x: Tensor, tolerance: float) -> Tensor:
        """Whether the distance from the nearest point is at most the tolerance."""
        mine = self.positions.to(x)
        rows = max(1, _PAIRS // len(mine))
        near = [
            torch.cdist(some, mine, compute_mode="donot_use_mm_for_euclid_dist").amin(1)
            for some in torch.split(x, rows)
        ]
        return torch.cat(near) <= tolerance

    def chart(self, u: Tensor) -> Image:
        """The points number ⌊n u⌋, for u of shape (m, 1)."""
        index = (
            (u[:, 0] * len(self)).to(torch.int64).clamp(0, len(self) - 1).to(self.positions.device)
        )
        chosen = self.select(index).to(dtype=u.dtype, device=u.device)
        return Image(chosen.positions, chosen.normals, chosen.data)

    def select(self, index: Tensor) -> Points:
        """The points at `index` (indices or a mask) with equal weights that sum to 1."""
        chosen = self.all_points.select(index)
        weights = torch.full_like(chosen.weights, 1 / max(len(chosen), 1))
        return Points(chosen.axes, chosen.positions, weights, chosen.normals, chosen.data)

    def where(self, mask: Tensor) -> PointCloud:
        """The cloud of the points that a mask (n,) keeps. Raises DomainError if there are none."""
        if not bool(mask.any()):
            raise DomainError(f"none of {self!r} is left: all its points were cut away.")
        chosen = self.all_points.select(mask)
        return PointCloud(
            chosen.positions, normals=chosen.normals, axes=chosen.axes, **dict(chosen.data)
        )

    def to(self, dtype: torch.dtype, device: torch.device) -> PointCloud:
        """The same cloud in another precision or place, converted once and kept."""
        like = self.positions
        if (like.dtype, like.device) == (dtype, device):
            return self
        copies: dict[tuple[torch.dtype, torch.device], PointCloud]
        copies = self.__dict__.setdefault("_copies", {})
        if (dtype, device) not in copies:
            copy = object.__new__(PointCloud)
            moved = self.all_points.to(dtype=dtype, device=device)
            object.__setattr__(copy, "all_points", moved)
            copies[dtype, device] = copy
        return copies[dtype, device]

    def sample(self, n: int, *, seed: int = 0) -> Points:
        """n points drawn at random, with replacement, each with weight 1/n."""
        if n < 1:
            raise DomainError(f"a sample has at least one point, got n={n}.")
        generator = torch.Generator(device="cpu").manual_seed(seed)
        index = torch.randint(len(self), (n,), generator=generator, dtype=torch.int64, device="cpu")
        return self.select(index.to(self.positions.device, non_blocking=True))


def _axes(axes: Sequence[str] | None, d: int) -> tuple[str, ...]:
    if axes is None and d > 3:
        raise DomainError(
            f"a cloud in {d} coordinates needs their names, as in `PointCloud(positions, "
            "axes=('x', 'y', 'z', 't'))`."
        )
    names = ("x", "y", "z")[:d] if axes is None else tuple(axes)
    if len(names) != d:
        raise DomainError(
            f"positions have {d} columns, but `axes` names {len(names)} coordinates: "
            f"{', '.join(names)}."
        )
    return names


def _tensor(name: str, values: Values, like: Tensor | None) -> Tensor:
    if isinstance(values, Tensor):
        tensor = values.detach()
        if tensor.is_complex():
            raise DomainError(
                f"{name} must be real, got {tensor.dtype}. Give the real and the imaginary part "
                "separately."
            )
        if not tensor.is_floating_point():
            tensor = tensor.to(torch.float64)
    else:
        try:
            array = np.array(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DomainError(
                f"{name} must be numbers in a rectangular array, got {type(values).__name__}: "
                f"{error}."
            ) from error
        tensor = torch.tensor(array, dtype=torch.float64, device="cpu")
    if like is not None:
        tensor = tensor.to(dtype=like.dtype, device=like.device)
    if bool(tensor.sum().isfinite()):  # so are all terms of it, and no copy was held
        return tensor
    bad = tensor.numel() - int(tensor.isfinite().sum())
    if bad:
        raise NonFiniteError(
            f"{name} of shape {tuple(tensor.shape)} hold {bad} values that are NaN or infinite. "
            "Drop those points first."
        )
    return tensor


def _like(name: str, values: Values, positions: Tensor) -> Tensor:
    tensor = _tensor(name, values, positions)
    if tensor.ndim not in (1, 2) or len(tensor) != len(positions):
        n = len(positions)
        raise DomainError(
            f"{name} must have shape ({n},) or ({n}, k) beside {n} positions, got "
            f"{tuple(tensor.shape)}."
        )
    return tensor


def _unit(normals: Tensor, positions: Tensor) -> Tensor:
    normals = normals[:, None] if normals.ndim == 1 else normals
    if normals.shape != positions.shape:
        raise DomainError(
            f"normals must have the shape of positions, {tuple(positions.shape)}, got "
            f"{tuple(normals.shape)}."
        )
    length = torch.linalg.vector_norm(normals, dim=1, keepdim=True)
    zero = int((length == 0).sum())
    if zero:
        raise DomainError(
            f"{zero} of {len(normals)} normals have length zero. Drop those points, or give no "
            "normals."
        )
    directions: Tensor = normals / length
    return directions
