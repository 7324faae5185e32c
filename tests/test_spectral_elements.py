"""Spectral elements, flows on them, and exponential steps converge to solutions that are known."""

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse.linalg import spsolve

from tests.typed import module_at

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
module_at(BENCHMARKS / "elements.py", "elements")  # which the next one imports
elements = module_at(BENCHMARKS / "spectral_elements.py", "spectral_elements")
flows = module_at(BENCHMARKS / "flows.py", "flows")
exponential = module_at(BENCHMARKS / "exponential.py", "exponential")

CENTRE, RADIUS = (0.2, 0.1), 0.5
FRAME = (-2, -1.2, 0.3, 1.2, 2), (-2, -0.9, 0.2, 2)
spots = np.random.default_rng(1).uniform(-2, 2, (200, 2))


def from_centre(x, y):
    return np.hypot(x - CENTRE[0], y - CENTRE[1])


def on_circle(x, y):
    return np.abs(from_centre(x, y) - RADIUS) < 1e-9


def on_frame(x, y):
    return np.maximum(np.abs(x), np.abs(y)) > 2 - 1e-9


def test_curved_elements_have_the_area_the_sides_and_the_points_of_their_shape():
    ring = elements.Elements(elements.ring(CENTRE, RADIUS, *FRAME), 8)
    assert ring.weights.sum() == pytest.approx(16 - np.pi * RADIUS**2, rel=1e-9)
    assert ring.boundary(on_circle).sum() == pytest.approx(2 * np.pi * RADIUS, rel=1e-9)
    assert ring.boundary(on_frame).sum() == pytest.approx(16, rel=1e-12)
    matrix, known = ring.at(*spots.T)
    np.testing.assert_array_equal(known, from_centre(*spots.T) > RADIUS)
    for f, at in ((ring.x, spots[:, 0]), (ring.y, spots[:, 1])):
        assert np.abs(matrix @ (ring.values @ f) - at)[known].max() < 1e-9


def test_rings_around_half_a_circle_end_at_the_axis():
    half = elements.Elements(elements.ring((0, 0), 1, (0, 2), (-2, 0.5, 2)), 6)
    assert half.weights.sum() == pytest.approx(8 - np.pi / 2, rel=1e-7)
    assert half.x.min() > -1e-12


def test_harmonic_functions_are_found_with_spectral_accuracy():
    def exact(x, y):
        return np.log(from_centre(x, y)) + np.exp(x) * np.sin(y)

    errors = []
    for degree in (4, 7, 10):
        ring = elements.Elements(elements.ring(CENTRE, RADIUS, *FRAME), degree)
        free = ring.boundary(lambda x, y: on_circle(x, y) | on_frame(x, y)) == 0
        u, stiffness = np.where(free, 0, exact(ring.x, ring.y)), ring.stiffness().tocsr()
        u[free] = spsolve(stiffness[free][:, free].tocsc(), -(stiffness @ u)[free])
        matrix, known = ring.at(*spots.T)
        errors.append(np.abs(matrix @ (ring.values @ u) - exact(*spots.T))[known].max())
    assert errors[1] < errors[0] / 20 and errors[2] < errors[1] / 10


def test_the_flow_behind_a_grid_is_that_of_kovasznay():
    rate = 20 - np.sqrt(400 + 4 * np.pi**2)

    def exact(x, y):
        decay, angle = np.exp(rate * x), 2 * np.pi * y
        u, v = 1 - decay * np.cos(angle), rate / (2 * np.pi) * decay * np.sin(angle)
        return u, v, -(decay**2) / 2

    errors = []
    for degree in (5, 8):
        wake = elements.Elements(elements.rectangles((-0.5, 0.2, 1), (-0.5, 0, 0.5)), degree)
        sides = (np.abs(wake.y) == 0.5) | np.isin(wake.x, (-0.5, 1))
        u, v, _ = (np.where(sides, f, 0) for f in exact(wake.x, wake.y))
        flow = flows.Flow(wake, 1 / 40, (sides, sides), closed=True)
        x, y = spots.T / [[4], [4]]
        found = np.stack(flow.at(x, y, *flow.steady(u, v)))
        known = np.stack(exact(x, y))
        off = found - known
        off[2] -= off[2].mean()
        errors.append(np.linalg.norm(off) / np.linalg.norm(known))
    assert errors[0] < 2e-2 and errors[1] < errors[0] / 50


def test_flows_march_with_order_two():
    """A channel that a force drives: u = sin πy sin² t, v = q = 0."""
    channel = elements.Elements(elements.rectangles((0, 1, 2), (0, 0.5, 1)), 6)
    shape, still = np.sin(np.pi * channel.y), np.zeros_like(channel.y)
    sides = np.isin(channel.x, (0, 2)) | np.isin(channel.y, (0, 1))
    flow = flows.Flow(channel, 0.1, (sides, sides), closed=True)

    def given(t):
        return np.where(sides, shape * np.sin(t) ** 2, 0), still

    def force(t):
        return [shape * (np.sin(2 * t) + 0.1 * np.pi**2 * np.sin(t) ** 2), still]

    errors = []
    for steps in (20, 40):
        *_, (u, v, _) = flow.march(given, force, 2.0, steps, steps)
        errors.append(np.abs(u - shape * np.sin(2.0) ** 2).max())
        assert np.abs(v).max() < 1e-2
    assert 3.2 < errors[0] / errors[1] < 5


def test_exponential_steps_have_order_four():
    """v' = −5v + v² from 1 is 5 / (1 + 4 e^{5t})."""
    errors = []
    for steps in (20, 40):
        step, v = exponential.Steps(np.array([-5.0]), 1 / steps), np.ones(1)
        for _ in range(steps):
            v = step(v, lambda v: v**2)
        errors.append(abs(v[0] - 5 / (1 + 4 * np.exp(5))))
    assert 13 < errors[0] / errors[1] < 19
