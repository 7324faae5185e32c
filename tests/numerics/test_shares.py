"""Who has which parts of a tree: all of them once, evenly, and what joins them in order."""

import random

import pytest

from siren_pde.numerics.shares import SLACK, Shares
from siren_pde.processes.processes import Processes


def tree(parts, cut):
    """The children of each node, each cut into `cut(n)` parts and the rest."""
    children: list[list[int]] = []

    def grown(n):
        node = len(children)
        children.append([-1, -1])
        if n > 1:
            lower = cut(n)
            children[node] = [grown(lower), grown(n - lower)]
        return node

    grown(parts)
    return children


def shared(children, work, count):
    return [Shares.of(children, work, Processes(rank, count)) for rank in range(count)]


@pytest.mark.parametrize("parts", [1, 2, 3, 17, 60])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_all_parts_are_shared_and_joined_once(parts, count):
    draw = random.Random(parts)
    for _ in range(5):
        children = tree(parts, lambda n: draw.randint(1, n - 1))
        shares = shared(
            children, [draw.choice([0.0, 5 * draw.random()]) for _ in range(parts)], count
        )
        assert [k for each in shares for k in each.own] == [*range(parts)]
        assert len({len(each.rounds) for each in shares}) == 1
        made = [node for each in shares for node in each.roots]
        for number in range(len(shares[0].rounds)):
            nodes = [node for each in shares for node in each.rounds[number]]
            assert nodes and {child for node in nodes for child in children[node]} <= {*made}
            made += nodes
        assert 0 in made and len({*made}) == len(made)


@pytest.mark.parametrize("count", [2, 4, 8])
def test_equal_parts_are_whole_subtrees(count):
    shares = shared(tree(64, lambda n: n // 2), [1.0] * 64, count)
    assert all(len(each.own) == 64 // count and len(each.roots) == 1 for each in shares)
    assert 2 ** len(shares[0].rounds) == count


@pytest.mark.parametrize("count", [2, 3, 5])
def test_unequal_parts_are_nearly_equal_work(count):
    draw = random.Random(count)
    work = [draw.random() for _ in range(200)]
    shares = shared(tree(200, lambda n: draw.randint(1, n - 1)), work, count)
    for each in shares:
        own = sum(work[k] for k in each.own) * count / sum(work)
        assert abs(own - 1) < 2 * SLACK + 1e-9
