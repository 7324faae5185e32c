"""Factors that are kept: answers of dense least squares for one right-hand side after another."""

import torch

from siren_pde.numerics.tree_factor import Reflections, TreeFactor
from tests.numerics.test_multifrontal import CHILDREN, dense, drawn_parts, every, uses


def test_answers_are_those_of_dense_least_squares():
    parts = drawn_parts()
    factor = TreeFactor(parts, CHILDREN, uses(parts, 7))
    matrix, _ = dense(parts, 7)
    generator = torch.Generator().manual_seed(1)
    for _ in range(2):
        rights = [torch.randn(12, generator=generator, dtype=torch.float64) for _ in parts]
        own, shared = factor.solve(rights)
        expected = torch.linalg.lstsq(matrix, torch.cat(rights)[:, None]).solution[:, 0]
        assert torch.allclose(torch.cat([*every(own), shared]), expected, atol=1e-10)


def test_a_part_may_be_absent():
    parts = drawn_parts()
    some = [*parts[:3], None]
    factor = TreeFactor(some, CHILDREN, uses(parts[:3], 7))
    own, shared = factor.solve([None if part is None else part.right for part in some])
    matrix, right = dense(parts[:3], 7)
    kept = matrix.norm(dim=0) > 0
    expected = torch.linalg.lstsq(matrix[:, kept], right[:, None]).solution[:, 0]
    assert own[3] is None
    assert torch.allclose(torch.cat([*every(own), shared])[kept], expected, atol=1e-10)


def test_what_rows_do_not_determine_stays_small():
    """Columns that are nearly the same share an unknown, whatever the rounding of the rows."""
    parts = drawn_parts()
    for part in parts:
        part.own[:, 1] = part.own[:, 0] * (1 + 1e-13)
    factor = TreeFactor(parts, CHILDREN, uses(parts, 7))
    own, _ = factor.solve([part.right for part in parts])
    assert max(float(x.abs().max()) for x in every(own)) < 10


def test_reflections_are_those_of_a_factorisation():
    generator = torch.Generator().manual_seed(2)
    matrix = torch.randn((9, 4), generator=generator, dtype=torch.float64)
    matrix[:, 2] = matrix[:, 0]
    reflections, upper = Reflections.of(matrix.clone())
    for j in range(4):
        turned = reflections.transposed(matrix[:, j])
        assert torch.allclose(turned[:4], upper[:, j], atol=1e-13)
        assert float(turned[4:].abs().max()) < 1e-13
