"""What the process that reads scans by libraries of others answers, asked in this one."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from siren_pde.errors import DataFileError
from siren_pde.files import scan_child
from siren_pde.io import read_mesh, read_points
from tests.foreign_files import foreign

KINDS = {".las": "las", ".laz": "las", ".e57": "e57", ".glb": "scene", ".gltf": "scene"}


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be those of this process."""
    monkeypatch.setattr(scan_child, "bound", lambda seconds, memory: None)


def answered(path: Path) -> tuple[dict[str, Any], bytes]:
    """The line and the bytes that come back of a file."""
    data = b"" if path.suffix == ".e57" else path.read_bytes()
    kind, limits = KINDS[path.suffix], {"seconds": 0, "memory": 0}
    request = {"kind": kind, "path": str(path), "size": len(data), **limits}
    out = io.BytesIO()
    scan_child.answer(io.BytesIO(data), out, request)
    line, _, rest = out.getvalue().partition(b"\n")
    return json.loads(line), rest


def positions(said: dict[str, Any], rest: bytes) -> Any:
    """The points (n, 3) in an answer."""
    arrays, start = {}, 0
    for name, kind, shape, size in said["arrays"]:
        arrays[name] = np.frombuffer(rest[start : start + size], kind).reshape(shape)
        start += size
    assert start == len(rest)
    whole = arrays.get("positions")
    return np.stack([arrays[axis] for axis in "xyz"], axis=1) if whole is None else whole


@pytest.mark.filterwarnings("ignore:`")
@pytest.mark.parametrize("name", list(foreign()))
def test_what_is_answered_is_what_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(foreign()[name])
    cloud = read_points(path)
    np.testing.assert_array_equal(positions(*answered(path)), cloud.positions.numpy())


@pytest.mark.parametrize("name", list(foreign()))
def test_what_is_refused_is_refused_in_the_same_words(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(foreign()[name][: len(foreign()[name]) * 2 // 3])
    said, rest = answered(path)
    assert set(said) == {"error"} and not rest
    with pytest.raises(DataFileError) as told:
        read_points(path)
    assert said["error"][:30] in str(told.value)


def test_files_elsewhere_are_none_of_a_scene(tmp_path: Path) -> None:
    path = tmp_path / "a.gltf"
    scene = json.loads(foreign()["ball.gltf"])
    (tmp_path / "beside.bin").write_bytes(b"0" * 10)
    for uri in ("../secret.bin", "/etc/passwd", ".hidden", "nothing.bin"):
        scene["buffers"][0]["uri"] = uri
        path.write_text(json.dumps(scene))
        assert "no file beside it" in answered(path)[0]["error"]


def test_mirrored_parts_of_a_scene_keep_their_outside(tmp_path: Path) -> None:
    ball, path = trimesh.creation.icosphere(subdivisions=2), tmp_path / "ball.glb"
    scene = trimesh.Scene()
    scene.add_geometry(ball, transform=np.diag([-1.0, 1.0, 1.0, 1.0]))
    path.write_bytes(scene.export(file_type="glb"))
    mesh = read_mesh(path)
    a, b, c = np.moveaxis(mesh.triangles, 1, 0)
    assert np.einsum("ij,ij->", a, np.cross(b, c)) / 6 > 0  # the volume
