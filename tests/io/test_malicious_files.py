"""Files that are made to harm: nothing in them is run, nothing beside them is read or written."""

import gzip
import io
import json
import os
import pickle
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from siren_pde import Siren, load, save
from siren_pde.errors import DataFileError, StorageError
from siren_pde.files.sealed import BLOCK, pack
from siren_pde.io import read_data, read_mesh, read_points
from siren_pde.references import read_reference
from siren_pde.runs.checkpoints import Checkpoints
from siren_pde.runs.lines import Lines
from siren_pde.runs.manifest import NAME, Manifest
from siren_pde.runs.state import packed, unpacked
from siren_pde.scattering import read_survey
from tests.fuzzing import resealed
from tests.sample_files import MESHES, POINTS, npy
from tests.told import told

SECRET = 123456.789
"""Stands in a file that none of these may make the package read."""


class Payload:
    """Runs on unpickling."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.system, ("touch hacked",)


def pickled() -> bytes:
    return pickle.dumps(Payload())


def torch_file() -> bytes:
    file = io.BytesIO()
    torch.save({"payload": Payload()}, file)
    return file.getvalue()


def object_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([[Payload(), 1, 2]], dtype=object), allow_pickle=True)
    return file.getvalue()


def records() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([(1, Payload())], RECORD), allow_pickle=True)
    return file.getvalue()


def archive(names: dict[str, bytes], **options: Any) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as there:
        for name, data in names.items():
            there.writestr(name, data)
    return file.getvalue()


def hdf5(change: Callable[[Any], object], block: bytes = b"") -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w", userblock_size=512 if block else 0) as there:
        there["points"] = POINTS
        change(there)
    return block.ljust(512, b"\0") + file.getvalue()[512:] if block else file.getvalue()


MATLAB = b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM"


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout(shape=(3,), dtype="f8")
    layout[:] = h5py.VirtualSource("secret.h5", "data", shape=(3,))
    file.create_virtual_dataset("x", layout)


def external(file: Any) -> None:
    file.create_dataset("x", (3,), "f8", external=[("secret.raw", 0, 24)])


def linked(file: Any) -> None:
    file["x"] = h5py.ExternalLink("secret.h5", "/data")


def cyclic(file: Any) -> None:
    file.create_group("a")
    file["a/again"] = file["/"]


def result_of(kind: str) -> bytes:
    """A file of results that names this as the class of its field."""
    about = {"field": {"class": kind, "description": {}}, "dtypes": {}}
    return pack(about, {"field": {}, "history": {}})


def edited(change: Callable[[Any], object]) -> bytes:
    """Results with something else inside, and a right checksum."""
    save(told(Siren(2, width=3, depth=1)), "made.h5")
    with h5py.File("made.h5", "r+") as file:
        change(file)
    data = Path("made.h5").read_bytes()
    Path("made.h5").unlink()
    return resealed(data)


def state(**entries: object) -> bytes:
    said, arrays = packed({"a": 1}, {})
    return pack({"state": {**said, **entries}}, {"state": arrays}, "checkpoint")


def continued(path: Path) -> object:
    held = Checkpoints.read(path, 0)
    return unpacked(held.about["state"], held.groups["state"], {})  # type: ignore[arg-type]


def manifest(path: Path) -> object:
    Path("run").mkdir(exist_ok=True)
    (Path("run") / NAME).write_bytes(path.read_bytes())
    return Manifest.read(Path("run")).with_artefacts(Path("run"), [])


def survey(path: Path) -> object:
    return read_survey(path, k=1.0)


RECORD = np.dtype([("x", "f8"), ("y", "O")])
GLTF = (
    b'{"asset": {"version": "2.0"}, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}], "meshes": '
    b'[{"primitives": [{"attributes": {"POSITION": 0}, "mode": 0}]}], "accessors": [{"bufferView": '
    b'0, "componentType": 5126, "count": 2, "type": "VEC3"}], "bufferViews": [{"buffer": 0, '
    b'"byteLength": 24}], "buffers": [{"byteLength": 24, "uri": "../secret.raw"}]}'
)
PCD = (
    b"FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS 300000000\nDATA binary_compressed\n"
    + np.array([30, 3_600_000_000], "<u4").tobytes()
)
DEEP = b"[" * 200_000 + b"]" * 200_000
BOMB = archive({"points.npy": npy(np.zeros((3_000_000, 6)))})
CASES: dict[str, tuple[str, Callable[[], bytes], Callable[[Path], object]]] = {
    "pickle in npy": ("a.npy", object_array, read_points),
    "pickle for npy": ("a.npy", pickled, read_points),
    "pickle after a header": ("a.npy", lambda: npy(POINTS)[:80] + pickled(), read_points),
    "pickle in npz": ("a.npz", lambda: archive({"x.npy": object_array()}), read_data),
    "pickle beside npy": ("a.npz", lambda: archive({"x.pkl": pickled()}), read_data),
    "torch file for npz": ("a.npz", torch_file, read_data),
    "torch file for results": ("a.h5", torch_file, load),
    "pickle for results": ("a.h5", pickled, load),
    "pickle for ply": ("a.ply", pickled, read_mesh),
    "pickle in ply": ("a.ply", lambda: MESHES["little.ply"] + pickled(), read_mesh),
    "pickle for mat": ("a.mat", pickled, read_data),
    "pickle for a survey": ("a.mat", pickled, survey),
    "pickle for a reference": ("a.h5", pickled, read_reference),
    "pickle for a checkpoint": ("a.h5", pickled, continued),
    "pickle for a manifest": ("a.json", pickled, manifest),
    "pickle for a history": ("a.jsonl", pickled, lambda path: Lines(path).rows()),
    "names that climb": ("a.npz", lambda: archive({"../../up.npy": npy(POINTS)}), read_data),
    "names from the root": ("a.npz", lambda: archive({"/tmp/hacked.npy": npy(POINTS)}), read_data),
    "a bomb": ("a.npz", lambda: archive({"b.npz": BOMB, "x.npy": b""}), read_data),
    "a bomb of zeros": ("a.npz", lambda: BOMB, read_data),
    "an external link": ("a.h5", lambda: hdf5(linked), read_data),
    "external storage": ("a.h5", lambda: hdf5(external), read_data),
    "a virtual array": ("a.h5", lambda: hdf5(virtual), read_data),
    "a soft link": ("a.h5", lambda: hdf5(lambda f: f.update(x=h5py.SoftLink("/x"))), read_data),
    "a cycle": ("a.h5", lambda: hdf5(cyclic), read_data),
    "a link in mat": ("a.mat", lambda: hdf5(linked, MATLAB), read_data),
    "storage in mat": ("a.mat", lambda: hdf5(external, MATLAB), read_data),
    "a virtual array in mat": ("a.mat", lambda: hdf5(virtual, MATLAB), read_points),
    "a link in results": ("a.h5", lambda: edited(linked), load),
    "storage in results": ("a.h5", lambda: edited(external), load),
    "a virtual array in results": ("a.h5", lambda: edited(virtual), load),
    "a system call": ("a.h5", lambda: result_of("os:system"), load),
    "an evaluation": ("a.h5", lambda: result_of("builtins:eval"), load),
    "a process": ("a.h5", lambda: result_of("subprocess:Popen"), load),
    "a command of ours": ("a.h5", lambda: result_of("siren_pde.cli.app:app"), load),
    "a class in a checkpoint": ("a.h5", lambda: state(classes=["os:system"]), continued),
    "an entry in a checkpoint": (
        "a.h5",
        lambda: state(entries=[["object", "os:system", ["touch hacked"]]]),
        continued,
    ),
    "deep JSON in results": ("a.h5", lambda: pack({"a": 1}, {})[:BLOCK] + DEEP, load),
    "deep JSON in a manifest": ("a.json", lambda: DEEP, manifest),
    "a material": ("a.obj", lambda: b"mtllib ../../secret.raw\nv 0 0\n", read_points),
    "a call": ("a.obj", lambda: b"call ../secret.raw\ncsh touch hacked\nv 0 0\n", read_points),
    "objects in columns": ("a.npy", lambda: records(), read_points),
    "a buffer elsewhere": ("a.gltf", lambda: GLTF, read_points),
    "a bomb in gzip": ("a.ply.gz", lambda: gzip.compress(bytes(200_000_000)), read_points),
    "a bomb of copies": ("a.pcd", lambda: PCD + bytes([255] * 30), read_points),
    "a formula": ("a.csv", lambda: b"x,y,z\n=cmd|' /C touch hacked'!A0,1,2\n", read_points),
}

_seen: list[str] = []
_watching = False


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    if event in ("os.system", "os.exec", "os.posix_spawn", "pty.spawn"):
        _seen.append(event)
    if event == "open" and isinstance(arguments[0], str | bytes):
        path = os.fsdecode(arguments[0])
        writes = isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        if "secret" in path or (writes and not Path(path).absolute().is_relative_to(Path.cwd())):
            _seen.append(f"opened {path}")


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a secret beside it, in which every file that is opened is noted."""
    monkeypatch.chdir(tmp_path)
    sys.addaudithook(_watch)
    with h5py.File("secret.h5", "w") as file:
        file["data"] = np.full(3, SECRET)
    Path("secret.raw").write_bytes(np.full(3, SECRET).tobytes())
    _seen.clear()
    yield tmp_path
    globals()["_watching"] = False


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_run_and_nothing_outside_is_touched(name: str, watched: Path) -> None:
    suffix, content, read = CASES[name]
    path = watched / suffix
    path.write_bytes(content())
    before = {p: p.stat().st_mtime_ns for p in watched.iterdir()}
    globals()["_watching"] = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = read(path)
    except (DataFileError, StorageError):
        answer = None
    globals()["_watching"] = False
    assert not _seen
    after = {p: p.stat().st_mtime_ns for p in watched.iterdir() if p.name != "run"}
    assert after == before and not (watched / "hacked").exists()
    assert str(SECRET) not in repr(answer)
    refused = {"names that climb", "names from the root"}  # are names of arrays, and no more
    assert (answer in (None, [])) != (name in refused)  # a torn line of a history is none


def test_there_are_enough_of_them():
    assert len(CASES) >= 20


def test_names_of_files_are_only_names(tmp_path: Path) -> None:
    for name in ("$(touch hacked).ply", "a; touch hacked;.ply", "{0}{x}%s.ply", "new\nline.ply"):
        path = tmp_path / name
        path.write_bytes(b"plx\n")
        with pytest.raises(DataFileError):
            read_points(path)
    assert not list(tmp_path.glob("*hacked")) and not Path("hacked").exists()
    with pytest.raises(StorageError, match="Give the folder of a run"):
        Manifest.read(tmp_path / ".." / tmp_path.name / json.dumps({}))
