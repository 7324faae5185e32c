"""Boxes halved again and again: the box of a point, and the faces that boxes share."""

import pytest
import torch

from siren_pde.numerics.box_tree import BoxTree


def tree(d=2, seed=0, rounds=5):
    """A unit cube, random boxes of it halved along random axes."""
    generator = torch.Generator().manual_seed(seed)
    grown = BoxTree.around(torch.zeros(d, dtype=torch.float64), torch.ones(d, dtype=torch.float64))
    for _ in range(rounds):
        drawn = torch.rand((len(grown), d), generator=generator)
        grown, _ = grown.split([[i for i in range(d) if row[i] > 0.5] for row in drawn])
    return grown


@pytest.mark.parametrize("d", [1, 2, 3])
def test_points_lie_in_their_leaf(d):
    grown = tree(d)
    x = torch.rand((500, d), dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    box = grown.locate(x)
    assert bool(((grown.low[box] <= x) & (x <= grown.high[box])).all())


@pytest.mark.parametrize("d", [1, 2, 3])
def test_leaves_fill_the_box_once(d):
    grown = tree(d)
    assert float((2 * grown.half).prod(1).sum()) == pytest.approx(1.0, rel=1e-13)
    assert torch.equal(grown.locate(grown.centre), torch.arange(len(grown)))


def test_new_boxes_say_where_they_come_from():
    before = tree(rounds=3)
    after, parents = before.split([[0, 1]] * len(before))
    assert torch.equal(before.locate(after.centre), parents)


@pytest.mark.parametrize(("d", "period"), [(1, ()), (2, ()), (3, ()), (2, (1.0, None))])
def test_faces_are_all_that_leaves_share(d, period):
    """Every box's surface is the faces it has, and its part of the box's own surface."""
    grown = tree(d, rounds=4)
    faces = grown.faces(period)
    areas = torch.ones(len(faces.axis), dtype=torch.float64)
    sides = faces.high - faces.low
    for i in range(d):
        areas = torch.where(faces.axis == i, areas, areas * sides[:, i])
    for box in range(len(grown)):
        lengths = grown.high[box] - grown.low[box]
        for i in range(d):
            across = float(lengths.prod() / lengths[i])
            for mine, edge in ((faces.below, grown.high), (faces.above, grown.low)):
                joined = float(areas[(mine == box) & (faces.axis == i)].sum())
                outer = float(edge[box, i]) in (0.0, 1.0) and not (i < len(period) and period[i])
                assert joined == pytest.approx(0.0 if outer else across, abs=1e-13)


def test_deep_trees_are_no_recursion():
    grown = BoxTree.around(torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64))
    for _ in range(60):
        grown, _ = grown.split([[0]] + [[]] * (len(grown) - 1))
    assert float(grown.high[0, 0]) == 2.0**-60
    assert int(grown.locate(torch.tensor([[2.0**-61]], dtype=torch.float64))) == 0
