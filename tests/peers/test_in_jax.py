"""What the peers on JAX share, computed by torch in its place: the tests have no JAX."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.typed import module_at

FOLDER = Path(__file__).parents[2] / "benchmarks" / "peers"
problems = module_at(FOLDER / "problems.py", "problems")
in_jax = module_at(FOLDER / "in_jax.py", "in_jax")
EVERY = [pytest.param(peer, id=name) for name, peer in problems.PROBLEMS.items()]


def mapped(f):
    """`vmap` that takes arrays too, as JAX does."""
    return lambda x: torch.func.vmap(f)(torch.as_tensor(x))


class Numpy:
    """The functions that formulas take, and directions in double precision."""

    sin, cos, exp, sqrt = torch.sin, torch.cos, torch.exp, torch.sqrt

    @staticmethod
    def eye(n):
        return torch.eye(n, dtype=torch.float64)


JAX = SimpleNamespace(numpy=Numpy, jvp=torch.func.jvp, vmap=mapped)


@pytest.mark.parametrize("peer", EVERY)
def test_the_exact_solution_has_no_residual(peer):
    def residual(x):
        return in_jax.residual_at(peer, JAX, x, lambda x: peer.exact(JAX.numpy, *x))

    found = mapped(residual)(peer.points()[::100])
    scale = in_jax.weight(peer, JAX) ** -0.5
    torch.testing.assert_close(found, torch.zeros_like(found), atol=1e-8 * scale, rtol=0)


@pytest.mark.parametrize("peer", EVERY)
def test_the_loss_is_one_where_the_network_is_zero(peer):
    def residual(x):
        return in_jax.residual_at(peer, JAX, x, lambda x: peer.lift(JAX.numpy, *x))

    mean = mapped(residual)(peer.points()).square().mean()
    assert in_jax.weight(peer, JAX) * float(mean) == pytest.approx(1)


def test_derivatives_are_by_the_axes_in_turn():
    seen = {}

    def kept(xp, x, u, d):
        seen.update({axes: float(d(*axes)) for axes in [(0,), (1,), (0, 0), (0, 1), (1, 1)]})
        return u

    peer = SimpleNamespace(residual=kept)
    at = torch.tensor([2.0, 3.0], dtype=torch.float64)
    assert in_jax.residual_at(peer, JAX, at, lambda x: x[0] ** 3 * x[1] ** 2) == 72
    assert seen == {(0,): 108, (1,): 48, (0, 0): 108, (0, 1): 72, (1, 1): 16}


@pytest.mark.parametrize("peer", EVERY)
def test_the_box_becomes_the_square_around_zero(peer):
    low, high = np.array(peer.box).T
    assert [*in_jax.scaled(peer, low)] == [-1, -1]
    assert [*in_jax.scaled(peer, high)] == [1, 1]
