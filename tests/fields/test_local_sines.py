"""Sines of their own in every box: an ordinary field, with sides at faces."""

import torch

from siren_pde.fields.local_sines import LocalSines
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.testing.fields import check_field


def boxes(d=2):
    tree = BoxTree.around(torch.zeros(d, dtype=torch.float64), torch.ones(d, dtype=torch.float64))
    tree, _ = tree.split([[*range(d)]])
    tree, _ = tree.split([[0]] + [[]] * (len(tree) - 1))
    return tree


def field(d=2, outputs=1, **options):
    made = LocalSines(boxes(d), outputs, features=7, band=3.0, **options)
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(made.coefficients.shape, generator=generator, dtype=torch.float64)
    made.coefficients.data.copy_(drawn)
    return made


def test_it_is_a_field():
    check_field(field())


def test_with_several_outputs_in_space_it_is_a_field():
    check_field(field(3, outputs=2))


def test_it_repeats_after_its_period():
    periodic = field(period=(1.0, None))
    x = torch.rand((20, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    moved = x + torch.tensor([3.0, 0.0], dtype=torch.float64)
    assert torch.allclose(periodic(x), periodic(moved), atol=1e-12)


def test_a_leaf_may_have_the_waves_of_another():
    """Its sines go on beyond their box."""
    owner = torch.arange(len(boxes()))
    owner[0] = 1
    extended = field(owner=owner)
    x = torch.tensor([[0.1, 0.1]], dtype=torch.float64)
    (sines,) = extended.derivatives(x, torch.tensor([1]), [()])
    assert torch.allclose(extended(x), sines @ extended.coefficients[1, 0])


def test_waves_of_all_boxes_have_the_same_size():
    derivative = field().derivatives
    x = torch.tensor([[0.05, 0.1]], dtype=torch.float64)
    (sines,) = derivative(x, torch.tensor([0]), [()])
    assert float(sines.abs().amax()) <= 1.0 and float(sines[0, 0]) == 1.0
