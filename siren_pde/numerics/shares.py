"""Which of several processes has which parts of a tree, and who joins them above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import final

from siren_pde.processes.processes import Processes

SLACK = 0.1
"""A process may have this much more or less than its share of the work, where its parts are whole
subtrees then: fewer nodes are left for later.
"""


@final
@dataclass(frozen=True)
class Shares:
    """The parts of a tree, numbered depth first, of this process: those `own` in turn, which are
    the subtrees of its `roots`.

    Nodes whose parts several processes have follow in `rounds`, each of which needs what the ones
    before have made: those of this process, a round being empty where others have work.
    """

    processes: Processes
    own: range
    roots: tuple[int, ...]
    rounds: tuple[tuple[int, ...], ...]

    @staticmethod
    def alone(parts: int) -> Shares:
        """One process has all of so many parts."""
        return Shares(Processes(), range(parts), (0,), ())

    @staticmethod
    def of(
        children: Sequence[Sequence[int]], work: Sequence[float], processes: Processes
    ) -> Shares:
        """Consecutive parts for each process, of nearly the same work (K,) in all; processes have
        none where there are too few parts.

        `children` gives each node's two, or negative numbers for a part; node 0 is the root, and
        children are numbered after their parents.
        """
        if not processes.several:
            return Shares.alone(len(work))
        spans, depth = _spans(children)
        ends = _ends(children, spans, depth=depth, work=work, count=processes.count)
        bounds = [0, *ends, len(work)]
        parts = [range(a, b) for a, b in pairwise(bounds)]
        whose = [_whose(span, parts) for span in spans]
        levels: dict[int, int] = {}
        for node in reversed(range(len(children))):
            if whose[node] < 0:
                levels[node] = 1 + max(levels.get(child, 0) for child in children[node])
        below = {child for node in levels for child in children[node]} or {0}
        roots = [node for node in sorted(below) if whose[node] == processes.rank]
        rounds = []
        for level in range(1, 1 + max(levels.values(), default=0)):
            nodes = sorted(node for node, own in levels.items() if own == level)
            rounds.append(tuple(nodes[processes.rank :: processes.count]))
        return Shares(processes, parts[processes.rank], tuple(roots), tuple(rounds))


def _spans(children: Sequence[Sequence[int]]) -> tuple[list[range], list[int]]:
    """The parts below each node, and how deep it lies."""
    sizes, depth = [1] * len(children), [0] * len(children)
    for node in reversed(range(len(children))):
        if children[node][0] >= 0:
            sizes[node] = sum(sizes[child] for child in children[node])
    spans = [range(sizes[0])] * len(children)
    for node, (lower, upper) in enumerate(children):
        if lower >= 0:
            start = spans[node].start
            spans[lower] = range(start, start + sizes[lower])
            spans[upper] = range(start + sizes[lower], spans[node].stop)
            depth[lower] = depth[upper] = depth[node] + 1
    return spans, depth


def _ends(
    children: Sequence[Sequence[int]],
    spans: Sequence[range],
    *,
    depth: Sequence[int],
    work: Sequence[float],
    count: int,
) -> list[int]:
    """Where the parts of each process but the last end: between the children of a node as high as
    possible, if that is near enough to its share of the work, or else as near as possible.
    """
    sums = [0.0, *accumulate(work)]
    between = {
        spans[upper].start: depth[node] for node, (_, upper) in enumerate(children) if upper >= 0
    }
    out: list[int] = []
    for rank in range(1, count):
        wanted = sums[-1] * rank / count
        off = {place: abs(sums[place] - wanted) for place in between}
        near = [place for place in between if off[place] <= SLACK * sums[-1] / count]
        if near:
            out.append(min(near, key=lambda place: (between[place], off[place], place)))
        else:
            out.append(min([0, len(work), *between], key=lambda p: abs(sums[p] - wanted)))
    return [*accumulate(out, max)]


def _whose(span: range, parts: Sequence[range]) -> int:
    """Which process has all parts below a node, −1 if several have them."""
    for rank, own in enumerate(parts):
        if own.start <= span.start and span.stop <= own.stop:
            return rank
    return -1
