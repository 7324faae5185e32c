"""Which unknowns a problem has on a tree of boxes, and where their faces are matched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from siren_pde.calculus.derivatives import Alpha, Key, Laplace
from siren_pde.collocation.collocated import Collocated
from siren_pde.fields.local_sines import LocalSines
from siren_pde.local_features.fluxes import Flux, Fluxes, fluxes_across
from siren_pde.numerics.box_tree import BoxTree, Faces

FINER = 4
"""On faces that the domain cuts, so many times as many nodes along an axis are tried."""

Inside = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Matching:
    """Nodes at which some unknowns, and their derivatives along `axis` up to `orders` − 1, agree.

    Node i joins the box `sides[0, i]`, at `x[0, i]`, to `sides[1, i]`, at `x[1, i]`, which is the
    same point or a period away; `half` (n,) is the shorter half side of both along the axis. For
    outputs with a flux that agrees in place of the normal derivative.
    """

    axis: int
    orders: Mapping[str, int]
    sides: Tensor
    x: Tensor
    half: Tensor
    fluxes: Fluxes

    def at(self, nodes: slice) -> Matching:
        """At some of the nodes."""
        return replace(
            self,
            sides=self.sides[:, nodes],
            x=self.x[:, nodes],
            half=self.half[nodes],
            fluxes={output: flux.at(nodes) for output, flux in self.fluxes.items()},
        )

    def keys(self, name: str) -> list[Alpha]:
        """The derivatives of an unknown that agree."""
        return [(self.axis,) * j for j in range(self.orders[name])]

    def flux(self, name: str, output: int, key: Alpha) -> Flux | None:
        """What agrees in place of a derivative of an output, if anything else does."""
        return self.fluxes.get((name, output)) if key == (self.axis,) else None


def inside(collocated: Collocated, name: str) -> Inside:
    """Where the network `name` is defined by an equation: in any domain as wide as its space."""
    d = len(collocated.problem.axes)
    domains = [
        rows.condition.domain
        for rows in collocated.rows
        if rows.condition.domain.dimension == d and name in rows.residual.networks
    ]

    def holds(x: Tensor) -> Tensor:
        mask = torch.zeros_like(x[:, 0], dtype=torch.bool)
        for domain in domains:
            mask |= domain.contains(x)
        return mask

    return holds


def orders(collocated: Collocated, name: str, axes: int) -> tuple[int, ...]:
    """The order of a problem in an unknown along each axis, one at least."""
    highest = [1] * axes
    for rows in collocated.rows:
        for site, plan in rows.residual.plans.items():
            if site.network == name:
                for key in plan.keys:
                    for i in range(axes):
                        highest[i] = max(highest[i], _order(key, i))
    return tuple(highest)


def _order(key: Key, axis: int) -> int:
    return 2 * (axis in key.axes) if isinstance(key, Laplace) else key.count(axis)


def matchings(
    collocated: Collocated,
    local: Mapping[str, LocalSines],
    tree: BoxTree,
    owner: Tensor,
    *,
    used: Tensor,
    n: int,
    time: int | None = None,
) -> list[Matching]:
    """Where unknowns agree on all faces, n nodes along each axis of a face, but one of a `time`.

    `used` (K,) says which boxes have a part of the domain.
    Faces that are partly outside an unknown's domain are matched inside.
    """
    period = next(iter(local.values())).period
    faces = tree.faces(period)
    below, above = owner[faces.below], owner[faces.above]
    kept = ((below != above) | faces.wraps) & used[below] & used[above]
    faces = Faces(*(column[kept] for column in (below, above, *faces[2:])))
    d, groups = tree.low.shape[1], _groups(collocated, local)
    out = []
    for names in groups:
        holds = inside(collocated, names[0])
        highest = {name: orders(collocated, name, d) for name in names}
        for axis in range(d):
            mine = Faces(*(column[faces.axis == axis] for column in faces))
            if len(mine.below):
                flat = {axis} if time is None else {axis, time}
                x, face = _nodes(mine, flat, n, holds)
                there = x.clone()
                if axis < len(period) and (length := period[axis]) is not None:
                    there[:, axis] -= length * mine.wraps[face].to(x)
                sides = torch.stack([mine.below[face], mine.above[face]])
                half = torch.minimum(*(tree.half[side, axis] for side in sides))
                order = {name: highest[name][axis] for name in names}
                both = torch.stack([x, there])
                for fluxes, at in fluxes_across(collocated, axis, sides=sides, x=both, tree=tree):
                    mine_only = {o: f for o, f in fluxes.items() if o[0] in order}
                    out.append(
                        Matching(axis, order, sides[:, at], both[:, at], half[at], mine_only)
                    )
    return out


def _groups(collocated: Collocated, local: Mapping[str, LocalSines]) -> list[list[str]]:
    """The unknowns by the equations inside domains that they occur in: where they are defined."""
    d = len(collocated.problem.axes)
    groups: dict[frozenset[str], list[str]] = {}
    for name in local:
        equations = frozenset(
            rows.condition.name
            for rows in collocated.rows
            if rows.condition.domain.dimension == d and name in rows.residual.networks
        )
        groups.setdefault(equations, []).append(name)
    return list(groups.values())


def _nodes(faces: Faces, flat: set[int], n: int, holds: Inside) -> tuple[Tensor, Tensor]:
    """Nodes (N, d) inside, and the face (N,) of each: Gauss points on faces that are whole; along
    `flat` axes, one.
    """
    wide = faces.low.shape[1] - len(flat)
    ticks = (np.polynomial.legendre.leggauss(n)[0] + 1) / 2
    gauss = torch.tensor(ticks, device=faces.low.device)
    x, face = _grid(faces, flat, gauss)
    mask = holds(x)
    each = len(gauss) ** wide
    whole = mask.view(-1, each).all(1)
    cut = (~whole).nonzero()[:, 0]
    keep = whole[face]
    if not len(cut):
        return x[keep], face[keep]
    partly = Faces(*(column[cut] for column in faces))
    fine = (torch.arange(FINER * n, dtype=x.dtype, device=x.device) + 0.5) / (FINER * n)
    more, which = _grid(partly, flat, fine)
    mask = holds(more)
    more, which = more[mask], which[mask]
    sizes = torch.bincount(which, minlength=len(cut))
    first = torch.cumsum(sizes, 0) - sizes
    rank = torch.arange(len(which), device=x.device) - first[which]
    many = sizes[which]
    wanted = (each * many / (FINER * n) ** wide).ceil().long() + n**wide // 2
    wanted = torch.minimum(wanted, many)
    thinned = (rank * wanted // many) != ((rank - 1) * wanted // many)
    return torch.cat([x[keep], more[thinned]]), torch.cat([face[keep], cut[which[thinned]]])


def _grid(faces: Faces, flat: set[int], ticks: Tensor) -> tuple[Tensor, Tensor]:
    """The product of ticks in [0, 1] on each face, and the face (N,) of each."""
    f, d = faces.low.shape
    middle = ticks.new_full((1,), 0.5)
    columns = [middle if i in flat else ticks for i in range(d)]
    grid = torch.cartesian_prod(*columns).view(-1, d)
    x = faces.low[:, None] + grid * (faces.high - faces.low)[:, None]
    return x.view(-1, d), torch.arange(f, device=x.device).repeat_interleave(len(grid))
