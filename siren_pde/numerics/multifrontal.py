"""Sparse least squares by orthogonal transformations, merged upwards along a binary tree.

Each part has unknowns of its own and shares others with few parts. A part eliminates its own and
hands on a small triangle in the shared ones; a node joins the triangles of its two children and
eliminates what no part outside shares. Several processes have subtrees of their own, of which only
those triangles travel.

Source: multifrontal QR (Duff and Reid, 1983; Davis, ACM Trans. Math. Softw. 38, 2011) with the
elimination tree of nested dissection (George, 1973), which here is the tree of boxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from siren_pde.numerics.shares import Shares
from siren_pde.processes.processes import Processes


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of one part: `own` (r, q) on its own unknowns, `shared` (r, s) on those numbered
    `ids` (s,), and the right-hand side (r,).
    """

    own: Tensor
    shared: Tensor
    ids: Tensor
    right: Tensor


@dataclass(frozen=True, eq=False)
class Front:
    """Rows (r, s + 1) on shared unknowns `ids` (s,), ascending, and on the right-hand side.

    `seen` (s,) counts the parts that have contributed to each.
    """

    ids: Tensor
    seen: Tensor
    rows: Tensor


@dataclass(frozen=True, eq=False)
class Eliminated:
    """The triangle of unknowns that were eliminated: R x = z − C y, y the shared ones `ids`.

    `names` are the eliminated unknowns, of a part's own none; `scale` are the lengths of columns.
    """

    names: Tensor
    triangle: Tensor
    coupling: Tensor
    right: Tensor
    scale: Tensor
    ids: Tensor

    def solve(self, shared: Tensor) -> Tensor:
        """The eliminated unknowns, from the values of all shared ones."""
        right = (self.right - self.coupling @ shared[self.ids])[:, None]
        x: Tensor = torch.linalg.solve_triangular(self.triangle, right, upper=True)[:, 0]
        return x / self.scale


@final
class Multifrontal:
    """Minimises ‖A x − b‖ for rows that come part by part; `uses` (S,) says how many parts share
    each of S unknowns. Numbers are float64.

    Unknowns that the rows do not determine stay small: columns have unit length and are damped by
    the rounding unit.
    """

    def __init__(self, uses: Tensor) -> None:
        self.uses = uses
        self.rounds: list[list[Eliminated]] = [[]]
        self.parts: list[int | None] = []

    def part(self, part: Part | None) -> Front | None:
        """Eliminate what is a part's own."""
        if part is None:
            self.parts.append(None)
            return None
        q = part.own.shape[1]
        order = torch.argsort(part.ids)
        ids = part.ids[order]
        rows = torch.cat([part.own, part.shared[:, order], part.right[:, None]], dim=1)
        complete = self.uses[ids] == 1
        seen = torch.ones_like(ids)
        self.parts.append(len(self.rounds[0]))
        return self._eliminate(rows, q, Front(ids, seen, rows[:, q:]), complete)

    def merge(self, one: Front | None, other: Front | None) -> Front | None:
        """Join two parts of the tree, and eliminate what both share and nobody else."""
        if one is None or other is None:
            return one or other
        ids = torch.unique(torch.cat([one.ids, other.ids]))
        k = len(one.rows)
        rows = one.rows.new_zeros((k + len(other.rows), len(ids) + 1))
        seen = torch.zeros_like(ids)
        for part, at in ((one, slice(0, k)), (other, slice(k, None))):
            where = torch.searchsorted(ids, part.ids)
            rows[at, where] = part.rows[:, :-1]
            rows[at, -1] = part.rows[:, -1]
            seen[where] += part.seen
        return self._eliminate(rows, 0, Front(ids, seen, rows), seen == self.uses[ids])

    def _eliminate(self, rows: Tensor, q: int, front: Front, complete: Tensor) -> Front:
        """Eliminate the first q columns and the complete ones of the front's."""
        done, kept = complete.nonzero()[:, 0], (~complete).nonzero()[:, 0]
        size = q + len(done)
        own = torch.arange(q, device=rows.device)
        right = rows.shape[1] - 1
        columns = torch.cat([own, q + done, q + kept, own.new_full((1,), right)])
        matrix = rows[:, columns]
        scale = torch.linalg.vector_norm(matrix[:, :size], dim=0)
        scale = torch.where(scale > 0, scale, torch.ones_like(scale))
        matrix[:, :size] /= scale
        upper = None if q else torch.linalg.qr(matrix, mode="r").R
        if upper is None or len(upper) < size or _singular(upper[:size, :size]):
            damping = matrix.new_zeros((size, matrix.shape[1]))
            damping.diagonal().fill_(torch.finfo(rows.dtype).eps * size**0.5)
            upper = torch.linalg.qr(torch.cat([matrix, damping]), mode="r").R
        ids = front.ids[kept]
        names = front.ids[done]
        self.rounds[-1].append(
            Eliminated(
                names,
                upper[:size, :size].contiguous(),
                upper[:size, size:-1].contiguous(),
                upper[:size, -1].contiguous(),
                scale,
                ids,
            )
        )
        return Front(ids, front.seen[kept], upper[size : size + len(ids), size:].contiguous())

    def solution(self, processes: Processes) -> tuple[list[Tensor | None], Tensor]:
        """The own unknowns of each part of this process, in the order of parts, and all shared ones
        (S,): each is known to whoever has eliminated it, which tells the others.
        """
        shared = torch.zeros_like(self.uses, dtype=torch.float64)
        own: dict[int, Tensor] = {}
        for steps in reversed(self.rounds):
            here = shared.clone()
            for number in reversed(range(len(steps))):
                step = steps[number]
                x = step.solve(here)
                q = len(x) - len(step.names)
                here[step.names] = x[q:]
                own[number] = x[:q]
            shared = shared + processes.summed(here - shared)[0]
        return [None if k is None else own[k] for k in self.parts], shared


def _singular(triangle: Tensor) -> bool:
    """Whether a triangle of columns of unit length is singular to rounding."""
    size = triangle.diagonal().abs()
    return bool((size < len(size) * torch.finfo(size.dtype).eps).any())


def least_squares(
    parts: Iterable[Part | None],
    children: Sequence[Sequence[int]],
    uses: Tensor,
    shares: Shares | None = None,
) -> tuple[list[Tensor | None], Tensor]:
    """Minimise ‖A x − b‖ over parts that come in the order of a tree's depth-first numbering.

    `children` gives each node's two, or negative numbers for a part; node 0 is the root. Returns
    each part's own unknowns and all shared ones. Where several processes have `shares`, each gives
    its own parts, and all have the same answer bit by bit.
    """
    shares = shares or Shares.alone(sum(lower < 0 for lower, _ in children))
    solver, coming = Multifrontal(uses), iter(parts)
    made = {root: _subtree(solver, children, root, coming) for root in shares.roots}
    needed = {child for nodes in shares.rounds for node in nodes for child in children[node]}
    known: dict[int, Front] = {}
    for nodes in shares.rounds:
        every = _exchanged(made, shares.processes, uses)
        known |= {node: front for node, front in every.items() if node in needed}
        solver.rounds.append([])
        made = {}
        for node in nodes:
            lower, upper = children[node]
            made[node] = solver.merge(known.pop(lower, None), known.pop(upper, None))
    own, shared = solver.solution(shares.processes)
    return _gathered(own, shares.processes, shared), shared


def _subtree(
    solver: Multifrontal,
    children: Sequence[Sequence[int]],
    root: int,
    coming: Iterator[Part | None],
) -> Front | None:
    """What is left of all parts below a node; without recursion, as trees may be deep."""
    waiting: list[Front | None] = []
    depth: list[tuple[int, bool]] = [(root, False)]
    while depth:
        node, joined = depth.pop()
        if joined:
            second, first = waiting.pop(), waiting.pop()
            waiting.append(solver.merge(first, second))
        elif children[node][0] < 0:
            waiting.append(solver.part(next(coming)))
        else:
            depth.append((node, True))
            depth.append((children[node][1], False))
            depth.append((children[node][0], False))
    return waiting.pop()


def _exchanged(
    made: Mapping[int, Front | None], processes: Processes, like: Tensor
) -> dict[int, Front]:
    """The fronts that all processes have made, by node; none of nodes whose parts have no rows."""
    own = {node: front for node, front in made.items() if front is not None}
    sizes = [[node, *front.rows.shape] for node, front in own.items()]
    numbers = [x for front in own.values() for x in (front.ids, front.seen)]
    rows = [front.rows.flatten() for front in own.values()]
    none = like[:0]
    heads = processes.gathered(like.new_tensor(sizes).view(-1, 3)).tolist()
    counts = [columns - 1 for _, _, columns in heads for _ in range(2)]
    each = torch.split(processes.gathered(torch.cat([none, *numbers])), counts)
    whole = processes.gathered(torch.cat([none.double(), *rows]))
    tables = torch.split(whole, [n * columns for _, n, columns in heads])
    return {
        node: Front(each[2 * i], each[2 * i + 1], tables[i].view(n, columns))
        for i, (node, n, columns) in enumerate(heads)
    }


def _gathered(own: list[Tensor | None], processes: Processes, like: Tensor) -> list[Tensor | None]:
    """The own unknowns of all parts, of which each process has consecutive ones."""
    if not processes.several:
        return own
    sizes = like.new_tensor([-1 if x is None else len(x) for x in own], dtype=torch.long)
    given = [x for x in own if x is not None]
    every = processes.gathered(sizes).tolist()
    values = processes.gathered(torch.cat([like[:0], *given]))
    parts = iter(torch.split(values, [n for n in every if n >= 0]))
    return [None if n < 0 else next(parts) for n in every]
