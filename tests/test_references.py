"""The classical solutions that benchmarks compare with converge, and meet what defines them."""

from pathlib import Path

import numpy as np
import pytest

from siren_pde.references import read_reference
from tests.typed import module_at

ROOT = Path(__file__).parents[1]
spectral = module_at(ROOT / "benchmarks" / "spectral.py", "spectral")
tools = module_at(ROOT / "tools" / "references.py", "reference_tools")

spots = np.random.default_rng(1).random((60, 2))


def wave(x, y):
    return np.sin(3 * x) * np.cos(2 * y + 1)


@pytest.mark.parametrize("shift", [0.0, 5.0])
def test_collocation_converges_spectrally(shift):
    errors = []
    for n in (6, 12, 24):
        axes, u = spectral.dirichlet(
            [(0, 1), (-1, 2)], shift, lambda x, y: (shift - 13) * wave(x, y), wave, n
        )
        points = spots * [1, 3] - [0, 1]
        errors.append(np.abs(spectral.evaluated(axes, u, points) - wave(*points.T)).max())
    assert errors[1] < 1e-3 * errors[0] and errors[2] < 1e-12


def test_interpolation_is_exact_at_nodes_and_for_polynomials():
    x, d = spectral.differentiation(7, 2.0, 5.0)
    z = np.concatenate([x[[0, 3, 7]], [2.1, 4.4]])
    assert np.allclose(spectral.interpolation(x, z) @ x**7, z**7, rtol=1e-12)
    assert np.allclose(d @ x**7, 7 * x**6, rtol=1e-10)


def test_allen_cahn_meets_its_equation_between_the_wells():
    x, u = spectral.allen_cahn(160, 1e-8, np.linspace(0, 0.2, 3))
    y, v = spectral.allen_cahn(200, 1e-9, np.linspace(0, 0.2, 3))
    z = np.linspace(0, 1, 101)
    a, b = spectral.interpolation(x, z) @ u, spectral.interpolation(y, z) @ v
    assert np.abs(a - b)[:, 1:].max() < 1e-7
    assert np.abs(v).max() <= 1 + 1e-9
    _, d = spectral.differentiation(200, 0, 1)
    assert np.abs((d @ v)[[0, -1], 1:]).max() < 1e-8


def test_the_cavity_flow_keeps_to_its_walls_and_converges():
    found = []
    for n in (14, 20):
        x, by, psi = spectral.cavity(n)
        u, v = psi @ by.T, -(by @ psi)
        lid = 16 * x**2 * (1 - x) ** 2
        assert max(np.abs(psi[[0, -1]]).max(), np.abs(psi[:, [0, -1]]).max()) < 1e-4
        assert np.abs(u[:, 0] - lid).max() < 1e-2 and np.abs(v[[0, -1]]).max() < 1e-2
        assert np.abs(by @ u + v @ by.T).max() < 1e-9  # divergence
        found.append(spectral.evaluated([x, x], u, spots))
    assert np.linalg.norm(found[0] - found[1]) < 1e-2 * np.linalg.norm(found[1])
    assert found[1].min() < -0.1  # the flow returns below the lid


RECIPES = tools.names()


@pytest.mark.parametrize("name", RECIPES)
def test_references_are_stored_and_small(name):
    made, path = tools.recipe(name), tools.stored_at(name)
    stored = read_reference(path)
    assert path.stat().st_size <= tools.LARGEST
    assert stored.method == made.METHOD and 0 < stored.accuracy < 0.05
    for axis, row in made.TICKS.items():
        np.testing.assert_allclose(stored.ticks[axis], row, rtol=0, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in RECIPES if tools.recipe(n).QUICK])
def test_quick_references_converge_at_their_order_to_what_is_stored(name):
    made = tools.recipe(name)
    found, stored = tools.computed(made), read_reference(tools.stored_at(name))
    assert tools.converges(made, found), f"order {found.order:.2f}, claimed {made.ORDER}"
    apart = tools.difference(dict(found.reference.values), dict(stored.values))
    assert apart <= max(stored.accuracy, 1e-9)
