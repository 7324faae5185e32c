"""Sparse least squares along a tree: the answer of dense ones."""

import pytest
import torch

from siren_pde.numerics.multifrontal import Part, least_squares

CHILDREN = [[1, 4], [2, 3], [-1, -1], [-1, -1], [5, 6], [-1, -1], [-1, -1]]
SHARED = [[0, 1, 6], [0, 2, 6], [1, 3, 4, 6], [2, 3, 5, 6]]


def drawn_parts(seed=0, q=4, rows=12):
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    return [Part(drawn(rows, q), drawn(rows, len(s)), torch.tensor(s), drawn(rows)) for s in SHARED]


def dense(parts, count):
    q, rows = parts[0].own.shape[1], sum(len(part.own) for part in parts)
    matrix, start = torch.zeros((rows, q * len(parts) + count), dtype=torch.float64), 0
    for k, part in enumerate(parts):
        piece = slice(start, start + len(part.own))
        matrix[piece, k * q : (k + 1) * q] = part.own
        matrix[piece, q * len(parts) + part.ids] = part.shared
        start = piece.stop
    return matrix, torch.cat([part.right for part in parts])


def every(own):
    """The unknowns of each part that has any."""
    return [x for x in own if x is not None]


def uses(parts, count):
    return torch.bincount(torch.cat([part.ids for part in parts]), minlength=count)


def test_the_answer_is_that_of_dense_least_squares():
    parts = drawn_parts()
    own, shared = least_squares(iter(parts), CHILDREN, uses(parts, 7))
    matrix, right = dense(parts, 7)
    expected = torch.linalg.lstsq(matrix, right[:, None]).solution[:, 0]
    assert torch.allclose(torch.cat([*every(own), shared]), expected, rtol=1e-11, atol=1e-12)


def test_nearly_dependent_columns_keep_the_residual():
    """Where AᵀA is singular to rounding, the residual is still that of the best answer."""
    parts = drawn_parts()
    for part in parts:
        part.own[:, 1] = part.own[:, 0] + 1e-10 * part.own[:, 1]
    own, shared = least_squares(iter(parts), CHILDREN, uses(parts, 7))
    matrix, right = dense(parts, 7)
    best = torch.linalg.lstsq(matrix, right[:, None], driver="gelsd", rcond=1e-15).solution[:, 0]
    reached = float((matrix @ torch.cat([*every(own), shared]) - right).norm())
    assert reached <= float((matrix @ best - right).norm()) * (1 + 1e-6)


def test_parts_without_rows_are_left_out():
    parts = drawn_parts()
    kept = [parts[0], parts[1], None, parts[3]]
    present = [part for part in kept if part is not None]
    own, shared = least_squares(iter(kept), CHILDREN, uses(present, 7))
    assert own[2] is None
    matrix, right = dense(present, 7)
    matrix = torch.cat([matrix[:, :12], matrix[:, 12:][:, [0, 1, 2, 3, 5, 6]]], dim=1)
    expected = torch.linalg.lstsq(matrix, right[:, None]).solution[:, 0]
    given = torch.cat([*every(own), shared[[0, 1, 2, 3, 5, 6]]])
    assert torch.allclose(given, expected, rtol=1e-10, atol=1e-11)


def test_undetermined_unknowns_stay_small():
    parts = drawn_parts()
    for part in parts:
        part.own[:, 3] = 0.0
    own, _ = least_squares(iter(parts), CHILDREN, uses(parts, 7))
    assert all(float(x[3].abs()) < 1e-9 for x in every(own))


@pytest.mark.parametrize("children", [[[-1, -1]]])
def test_one_leaf_alone(children):
    part = drawn_parts()[0]
    own, shared = least_squares(iter([part]), children, torch.tensor([1, 1, 0, 0, 0, 0, 1]))
    matrix = torch.cat([part.own, part.shared], dim=1)
    expected = torch.linalg.lstsq(matrix, part.right[:, None]).solution[:, 0]
    assert torch.allclose(torch.cat([*every(own), shared[part.ids]]), expected, rtol=1e-11)
