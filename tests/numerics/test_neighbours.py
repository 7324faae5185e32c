"""The nearest points are those of all distances, however many threads look, or fail to."""

import threading
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from siren_pde.numerics.neighbours import neighbours

DRAW = np.random.default_rng(0)
POINTS, X = DRAW.normal(size=(400, 3)), DRAW.normal(size=(300, 3))
APART = np.linalg.norm(X[:, None] - POINTS, axis=2)


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest) -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [1, 7, 400])
def test_they_are_those_of_least_distance(count: int, threads: int) -> None:
    distance, number = neighbours(cKDTree(POINTS), X, count)
    assert distance.shape == number.shape == ((300,) if count == 1 else (300, count))
    expected = np.sort(APART, axis=1)[:, :count]
    np.testing.assert_allclose(distance.reshape(300, count), expected, rtol=1e-12)
    rows = np.arange(300)[:, None]
    np.testing.assert_array_equal(APART[rows, number.reshape(300, count)], expected)


def test_a_thread_that_does_not_start_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    started: list[threading.Thread] = []

    def run(thread: threading.Thread) -> None:
        started.append(thread)  # and dies

    monkeypatch.setattr(threading.Thread, "run", run)
    try:
        torch.set_num_threads(2)
        distance, _ = neighbours(cKDTree(POINTS), X)
    finally:
        torch.set_num_threads(before)
    assert started
    np.testing.assert_allclose(distance, APART.min(1), rtol=1e-12)


def test_what_need_not_be_nearest_is_nearly_so() -> None:
    distance, number = neighbours(cKDTree(POINTS), X, eps=0.5)
    np.testing.assert_allclose(distance, APART[np.arange(300), number], rtol=1e-12)
    assert (distance <= 1.5 * APART.min(1)).all()
