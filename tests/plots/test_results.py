"""One `plot` for what was solved and what was fitted."""

import numpy as np
import pytest
import torch

from siren_pde import Box, Problem, Siren, on, plot
from siren_pde.errors import ConfigError
from siren_pde.fields.generic import Generic
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.signed_distance import SignedDistance
from tests.told import told


class Round(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.radius = torch.nn.Parameter(torch.tensor(0.5, dtype=torch.float64))

    def forward(self, x):
        return x.norm(dim=1) - self.radius


def sphere():
    normals = np.random.default_rng(0).standard_normal((300, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    solution = told(Generic(Round(), 3), ("x", "y", "z"))
    return SignedDistance(
        solution, np.zeros(3), 2.0, np.ones(3), OrientedCloud(normals / 2, normals)
    )


@pytest.mark.slow
def test_a_distance_is_drawn_by_its_surface(tmp_path, monkeypatch):
    monkeypatch.setattr(SignedDistance, "mesh", lambda self: self.zero_set(24))
    figure = plot(sphere(), tmp_path / "views.png", size=(6, 2.5))
    assert (tmp_path / "views.png").read_bytes().startswith(b"\x89PNG")
    assert tuple(figure.get_size_inches()) == (6, 2.5)
    assert [axes.get_title() for axes in figure.axes] == ["x–y", "z–y", "x–z"]
    view = np.asarray(figure.axes[0].images[0].get_array())
    # a sphere fills the middle of its view and not the corners
    assert view[:40, :40].min() == 1.0 and np.median(view[200:250, 200:250]) < 0.97
    with pytest.raises(ConfigError, match="surface"):
        plot(sphere(), at={"x": 0})


def test_a_distance_shows_itself_in_a_notebook(monkeypatch):
    monkeypatch.setattr("siren_pde.plots.cards.COARSE", 24)
    card = sphere()._repr_html_()
    assert "<th>points</th><td>300</td>" in card and "<th>box</th><td>4 × 4 × 4</td>" in card
    assert 'src="data:image/png;base64,' in card


def test_a_solution_is_drawn_by_its_values():
    @on(Box(x=(0, 1)))
    def nothing(p, u):
        return u

    solution = told(Siren(1, width=3, frequency=1.0), ("x",), problem=Problem(nothing))
    figure = plot(solution, size=(3, 2))
    assert figure.axes[0].lines and tuple(figure.get_size_inches()) == (3, 2)
    with pytest.raises(ConfigError, match="`solve` or `fit_sdf`"):
        plot(solution.field)
