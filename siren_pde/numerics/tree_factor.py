"""The factors of a least-squares problem on a tree, kept for many right-hand sides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from siren_pde.numerics.multifrontal import Part

DAMPING = 1e-8
"""Columns of unit length are damped by this: waves in a narrow band are nearly dependent, and what
they do not determine grows from one right-hand side to the next (with the rounding unit in its
place, waves in a rough medium gain ten orders of magnitude in a hundred steps).
"""


@dataclass(frozen=True, eq=False)
class Reflections:
    """Q = I − V T Vᵀ of a QR factorisation, T⁻¹ upper triangular.

    Source: the UT transform (Joffrain, Low, Quintana-Ortí, van de Geijn and Van Zee, ACM Trans.
    Math. Softw. 32, 2006): T⁻¹ comes of one product of matrices, and not of as many recursions.
    """

    vectors: Tensor
    inverse: Tensor

    @staticmethod
    def of(matrix: Tensor) -> tuple[Reflections, Tensor]:
        """Those of a matrix (r, n), and the triangle R (min(r, n), n)."""
        a, tau = torch.geqrf(matrix)
        k = len(tau)
        vectors = torch.tril(a[:, :k], -1)
        vectors.diagonal().fill_(1.0)
        none = tau == 0
        vectors[:, none] = 0.0
        inverse = torch.triu(vectors.T @ vectors, 1)
        inverse.diagonal().copy_(torch.where(none, 1.0, 1 / tau))
        return Reflections(vectors, inverse), torch.triu(a[:k])

    def transposed(self, b: Tensor) -> Tensor:
        """Qᵀ b (r,)."""
        y = (b @ self.vectors)[:, None]
        y = torch.linalg.solve_triangular(self.inverse.T, y, upper=False)[:, 0]
        left: Tensor = b - self.vectors @ y
        return left


@dataclass(frozen=True, eq=False)
class Node:
    """What was eliminated at a node of the tree: `names` of shared unknowns, after those of a part.

    R x = z − C y, y the shared unknowns `ids` that are left, and the columns of x have lengths
    `scale`. Its rows come from the nodes `below`, or from part number `part`.
    """

    below: tuple[int, ...]
    part: int
    reflections: Reflections
    triangle: Tensor
    coupling: Tensor
    scale: Tensor
    names: Tensor
    ids: Tensor
    rows: int


@dataclass(frozen=True, eq=False)
class _Front:
    node: int
    ids: Tensor
    seen: Tensor
    rows: Tensor


@final
class TreeFactor:
    """Minimises ‖A x − b‖ for a matrix whose rows come part by part, as `multifrontal` does, for
    one right-hand side b after the other.
    """

    def __init__(
        self, parts: Iterable[Part | None], children: Sequence[Sequence[int]], uses: Tensor
    ) -> None:
        self.uses = uses
        self.nodes: list[Node] = []
        self.count = 0
        coming, waiting = iter(parts), []  # type: tuple[object, list[_Front | None]]
        depth: list[tuple[int, bool]] = [(0, False)]
        while depth:
            node, joined = depth.pop()
            if joined:
                second, first = waiting.pop(), waiting.pop()
                waiting.append(self._merged(first, second))
            elif children[node][0] < 0:
                waiting.append(self._part(next(coming)))  # type: ignore[call-overload]
            else:
                depth += [(node, True), (children[node][1], False), (children[node][0], False)]

    def solve(self, rights: Sequence[Tensor | None]) -> tuple[list[Tensor | None], Tensor]:
        """Each part's own unknowns, and all shared ones (S,), for the right-hand sides of parts."""
        tops: list[Tensor] = []
        left: list[Tensor] = []
        for node in self.nodes:
            b = torch.cat([left[i] for i in node.below]) if node.below else rights[node.part]
            assert b is not None
            more = len(node.reflections.vectors) - len(b)
            if more:
                b = torch.cat([b, b.new_zeros(more)])
            y, size = node.reflections.transposed(b), len(node.triangle)
            tops.append(y[:size])
            left.append(y[size : size + node.rows])
        shared = tops[0].new_zeros((len(self.uses),))
        own: list[Tensor | None] = [None] * self.count
        for node, top in zip(reversed(self.nodes), reversed(tops), strict=True):
            right = (top - node.coupling @ shared[node.ids])[:, None]
            x = torch.linalg.solve_triangular(node.triangle, right, upper=True)[:, 0] / node.scale
            q = len(x) - len(node.names)
            shared[node.names] = x[q:]
            if not node.below:
                own[node.part] = x[:q]
        return own, shared

    def _part(self, part: Part | None) -> _Front | None:
        number, self.count = self.count, self.count + 1
        if part is None:
            return None
        order = torch.argsort(part.ids)
        ids, q = part.ids[order], part.own.shape[1]
        rows = torch.cat([part.own, part.shared[:, order]], dim=1)
        front = _Front(-1, ids, torch.ones_like(ids), rows)
        return self._eliminated(front, q, below=(), part=number)

    def _merged(self, one: _Front | None, other: _Front | None) -> _Front | None:
        if one is None or other is None:
            return one or other
        ids = torch.unique(torch.cat([one.ids, other.ids]))
        k = len(one.rows)
        rows = one.rows.new_zeros((k + len(other.rows), len(ids)))
        seen = torch.zeros_like(ids)
        for front, at in ((one, slice(0, k)), (other, slice(k, None))):
            where = torch.searchsorted(ids, front.ids)
            rows[at, where] = front.rows
            seen[where] += front.seen
        return self._eliminated(
            _Front(-1, ids, seen, rows), 0, below=(one.node, other.node), part=-1
        )

    def _eliminated(self, front: _Front, q: int, *, below: tuple[int, ...], part: int) -> _Front:
        """The front after the first q columns and those that no other part shares."""
        complete = front.seen == self.uses[front.ids]
        done, kept = complete.nonzero()[:, 0], (~complete).nonzero()[:, 0]
        size = q + len(done)
        matrix = front.rows[:, torch.cat([torch.arange(q, device=done.device), q + done, q + kept])]
        scale = torch.linalg.vector_norm(matrix[:, :size], dim=0)
        scale = torch.where(scale > 0, scale, torch.ones_like(scale))
        matrix[:, :size] /= scale
        damped = q > 0
        if not damped:
            reflections, upper = Reflections.of(matrix)
            damped = len(upper) < size or _singular(upper[:size, :size])
        if damped:
            damping = matrix.new_zeros((size, matrix.shape[1]))
            damping.diagonal().fill_(DAMPING * size**0.5)
            reflections, upper = Reflections.of(torch.cat([matrix, damping]))
        rows = upper[size : size + len(kept), size:].contiguous()
        self.nodes.append(
            Node(
                below,
                part,
                reflections,
                upper[:size, :size].contiguous(),
                upper[:size, size:].contiguous(),
                scale,
                front.ids[done],
                front.ids[kept],
                len(rows),
            )
        )
        return _Front(len(self.nodes) - 1, front.ids[kept], front.seen[kept], rows)


def _singular(triangle: Tensor) -> bool:
    """Whether a triangle of columns of unit length is singular to rounding."""
    size = triangle.diagonal().abs()
    return bool((size < len(size) * torch.finfo(size.dtype).eps).any())
