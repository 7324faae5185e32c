"""A box halved again and again: which part a point lies in, and which parts share a face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from torch import Tensor

UNDIVIDED = -1
"""The axis of a node that is not divided."""


Cut = tuple[int, float | None]
"""Across which axis a box is cut, and where: in the middle if nowhere else."""


class Faces(NamedTuple):
    """The F faces that boxes share: box `below` ends at it along `axis`, box `above` starts.

    They are rectangles [low, high] (F, d), flat along their axis. `wraps` says which of them join
    the end of a periodic axis, where they lie, to its beginning.
    """

    below: Tensor
    above: Tensor
    axis: Tensor
    low: Tensor
    high: Tensor
    wraps: Tensor


@final
@dataclass(frozen=True, eq=False)
class BoxTree:
    """K boxes [low, high] (K, d) of a binary tree of M nodes, each cut across one axis.

    Node i is cut across `axis[i]` at `cut[i]` into the nodes `children[i]`, or is the box
    `box[i]`, with `axis[i]` being `UNDIVIDED`. Nodes and boxes are numbered depth first, the lower
    part before the upper one.
    """

    low: Tensor
    high: Tensor
    axis: Tensor
    cut: Tensor
    children: Tensor
    box: Tensor

    @staticmethod
    def around(low: Tensor, high: Tensor) -> BoxTree:
        """The box [low, high] (d,), undivided."""
        one = low.new_zeros((1,), dtype=torch.long)
        none = torch.full_like(one, UNDIVIDED)
        return BoxTree(low[None], high[None], none, low.new_zeros((1,)), none.repeat(1, 2), one)

    @staticmethod
    def empty(nodes: int, boxes: int, d: int) -> BoxTree:
        """A tree of that size whose numbers are still to be filled in."""
        integers = torch.zeros((nodes,), dtype=torch.long)
        box = torch.zeros((boxes, d), dtype=torch.float64)
        cut = torch.zeros((nodes,), dtype=torch.float64)
        return BoxTree(box, box.clone(), integers, cut, integers.repeat(2, 1).T, integers.clone())

    def __len__(self) -> int:
        return len(self.low)

    @property
    def half(self) -> Tensor:
        """Half the sides of the boxes (K, d)."""
        return (self.high - self.low) / 2

    @property
    def centre(self) -> Tensor:
        """The centres of the boxes (K, d)."""
        return (self.high + self.low) / 2

    def locate(self, x: Tensor) -> Tensor:
        """The box (n,) of each point x (n, d); a point on a cut lies below it.

        Points outside are in the box that is reached from them.
        """
        node = torch.zeros((len(x),), dtype=torch.long, device=x.device)
        while True:
            axis = self.axis[node]
            inner = (axis != UNDIVIDED).nonzero()[:, 0]
            if not len(inner):
                return self.box[node]
            above = x[inner, axis[inner]] > self.cut[node[inner]]
            node[inner] = self.children[node[inner], above.long()]

    def split(self, axes: Sequence[Sequence[int]]) -> tuple[BoxTree, Tensor]:
        """The tree with each box halved along the axes given for it, and for each box of that the
        one (K′,) of this tree that it comes from.
        """
        return self._cut([[(axis, None) for axis in own] for own in axes])

    def cut_at(self, planes: Sequence[Sequence[float]]) -> tuple[BoxTree, Tensor]:
        """The tree cut at all `planes`, where axis i has some of those values, and for each box of
        that the one (K′,) of this tree that it comes from.

        Long boxes are cut first across their length, nearest to the middle.
        """
        tree, parents = self, torch.arange(len(self), device=self.low.device)
        while True:
            cuts = [_nearest(*sides, planes) for sides in zip(tree.low, tree.high, strict=True)]
            if not any(cuts):
                return tree, parents
            tree, more = tree._cut(cuts)
            parents = parents[more]

    def _cut(self, cuts: Sequence[Sequence[Cut]]) -> tuple[BoxTree, Tensor]:
        growing = _Growing([], [], [], [], [], [], [])
        growing.add(self, 0, cuts)
        parents = torch.tensor(growing.parents, device=self.low.device)
        return growing.tree(self.low), parents

    def faces(self, period: Sequence[float | None] = ()) -> Faces:
        """All faces that two boxes share, those across the ends of periodic axes too."""
        parts = []
        for axis in range(self.low.shape[1]):
            parts += [*self._faces_across(axis)]
            if axis < len(period) and period[axis] is not None:
                parts += [*self._faces_across(axis, wraps=True)]
        if not parts:
            none = self.box[:0]
            box = self.low[:0]
            return Faces(none, none, none, box, box, none.bool())
        return Faces(*(torch.cat(columns) for columns in zip(*parts, strict=True)))

    def _faces_across(self, axis: int, *, wraps: bool = False) -> list[Faces]:
        """The faces where some box ends along an axis and others begin, one plane at a time."""
        ends, starts = self.high[:, axis], self.low[:, axis]
        first, last = starts.min(), ends.max()
        planes = [(last, first)] if wraps else [(c, c) for c in torch.unique(ends) if c != last]
        faces = []
        others = [i for i in range(self.low.shape[1]) if i != axis]
        for end, start in planes:
            below = (ends == end).nonzero()[:, 0]
            above = (starts == start).nonzero()[:, 0]
            low = torch.maximum(self.low[below][:, None], self.low[above][None])
            high = torch.minimum(self.high[below][:, None], self.high[above][None])
            i, j = (low < high)[:, :, others].all(2).nonzero().unbind(1)
            low, high = low[i, j], high[i, j]
            low[:, axis] = high[:, axis] = end
            kind = torch.full_like(i, axis)
            faces.append(Faces(below[i], above[j], kind, low, high, torch.full_like(i, wraps) > 0))
        return faces


def _nearest(low: Tensor, high: Tensor, planes: Sequence[Sequence[float]]) -> list[Cut]:
    """The plane to cut the box [low, high] (d,) at first, if any is inside."""
    inner: list[tuple[float, float, Cut]] = []
    for axis, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        for at in planes[axis]:
            if a < at < b:
                inner.append((a - b, abs(at - (a + b) / 2), (axis, at)))
    return [min(inner)[2]] if inner else []


@dataclass(frozen=True)
class _Growing:
    """The numbers of a tree that is being built, node by node."""

    low: list[Tensor]
    high: list[Tensor]
    axis: list[int]
    cut: list[float]
    children: list[list[int]]
    box: list[int]
    parents: list[int]

    def add(self, old: BoxTree, start: int, cuts: Sequence[Sequence[Cut]]) -> None:
        """Copy the old tree, each of its boxes cut in turn; without recursion, as trees may be
        deep.
        """
        kind, cut = old.axis.tolist(), old.cut.tolist()
        children, box = old.children.tolist(), old.box.tolist()
        stack: list[tuple[int, int, Tensor | None, Tensor | None, tuple[Cut, ...]]] = []
        stack.append((start, -1, None, None, ()))
        while stack:
            node, slot, low, high, pending = stack.pop()
            number = len(self.axis)
            if slot >= 0:
                self.children[slot // 2][slot % 2] = number
            self.children.append([UNDIVIDED, UNDIVIDED])
            if low is None and kind[node] != UNDIVIDED:
                self._inner(kind[node], cut[node])
                for upper in (1, 0):
                    stack.append((children[node][upper], 2 * number + upper, None, None, ()))
                continue
            if low is None or high is None:
                which = box[node]
                low, high, pending = old.low[which], old.high[which], tuple(cuts[which])
            if not pending:
                self.axis.append(UNDIVIDED)
                self.cut.append(0.0)
                self.box.append(len(self.low))
                self.low.append(low)
                self.high.append(high)
                self.parents.append(box[node])
                continue
            (axis, at), *rest = pending
            middle = float(low[axis] + high[axis]) / 2 if at is None else at
            self._inner(axis, middle)
            lower, upper_ = high.clone(), low.clone()
            lower[axis] = upper_[axis] = middle
            stack.append((node, 2 * number + 1, upper_, high, tuple(rest)))
            stack.append((node, 2 * number, low, lower, tuple(rest)))

    def _inner(self, axis: int, cut: float) -> None:
        self.axis.append(axis)
        self.cut.append(cut)
        self.box.append(UNDIVIDED)

    def tree(self, like: Tensor) -> BoxTree:
        """The tree that was built."""
        return BoxTree(
            torch.stack(self.low),
            torch.stack(self.high),
            torch.tensor(self.axis, device=like.device),
            torch.tensor(self.cut, dtype=like.dtype, device=like.device),
            torch.tensor(self.children, device=like.device),
            torch.tensor(self.box, device=like.device),
        )
