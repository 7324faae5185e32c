"""The page of a scan: what is measured at vertices becomes ways to colour the surface."""

import base64

import numpy as np

from siren_pde.meshes.mesh import Mesh
from siren_pde.plots.page import _tints

TETRAHEDRON = Mesh(
    np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]),
)


def bytes_of(tint):
    return np.frombuffer(base64.b64decode(tint["colours"]), np.uint8).reshape(-1, 4)


def test_measured_colours_are_shown_as_they_are():
    columns = {"red": [255, 0, 0, 7], "green": [0, 255, 0, 8], "blue": [0, 0, 255, 9]}
    (tint,) = _tints(TETRAHEDRON, TETRAHEDRON, columns)
    assert tint["name"] == "colours"
    assert (bytes_of(tint)[:, :3] == np.transpose(list(columns.values()))).all()


def test_what_is_measured_follows_the_vertices_that_are_shown():
    shown = Mesh(TETRAHEDRON.vertices[::-1] + 0.01, TETRAHEDRON.faces)
    (tint,) = _tints(TETRAHEDRON, shown, {"uncertainty": [0.0, 1.0, 2.0, 3.0]})
    brightness = bytes_of(tint)[:, :3].sum(1).astype(int)
    assert tint["name"] == "uncertainty" and (np.diff(brightness) < 0).all()
    assert _tints(TETRAHEDRON, shown, {}) == []


def test_a_constant_is_no_scale():
    (tint,) = _tints(TETRAHEDRON, TETRAHEDRON, {"intensity": np.full(4, 3.0)})
    assert len(set(map(tuple, bytes_of(tint)))) == 1
