"""HDF5 is read by another process, which may die, stop, or be asked for too much."""

import io
import json
import os
import signal
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from siren_pde.errors import StorageError
from siren_pde.files import hdf5, hdf5_child
from siren_pde.files.hdf5 import read_hdf5, read_plain_hdf5


def content(**arrays: object) -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as there:
        for name, values in arrays.items():
            there[name] = values
    return file.getvalue()


PLAIN = content(x=np.arange(6.0).reshape(2, 3), n=np.array(3), text=np.array([b"ab", b"c"]))


def test_arrays_come_as_they_are() -> None:
    for _ in range(3):
        arrays = read_plain_hdf5(PLAIN).arrays
        np.testing.assert_array_equal(arrays["x"], np.arange(6.0).reshape(2, 3))
        assert arrays["n"].shape == () and arrays["text"].tolist() == [b"ab", b"c"]
        arrays["x"][0, 0] = 7.0  # they are the caller's


def test_the_same_process_reads_one_file_after_another() -> None:
    read_plain_hdf5(PLAIN)
    first = hdf5._kept[-1].process.pid
    with pytest.raises(StorageError, match="HDF5 cannot read it"):
        read_plain_hdf5(b"no such file" * 100)
    read_plain_hdf5(PLAIN)
    assert [reader.process.pid for reader in hdf5._kept] == [first]


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGSEGV])
def test_a_process_that_died_is_replaced(kill: signal.Signals) -> None:
    read_plain_hdf5(PLAIN)
    dead = hdf5._kept[-1].process
    os.kill(dead.pid, kill)
    dead.wait()
    assert read_plain_hdf5(PLAIN).arrays["n"] == 3
    assert hdf5._kept[-1].process.pid != dead.pid


def test_a_process_that_does_not_answer_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    read_plain_hdf5(PLAIN)
    stopped = hdf5._kept[-1].process
    monkeypatch.setattr(hdf5, "PATIENCE", 0.05)
    os.kill(stopped.pid, signal.SIGSTOP)
    with pytest.raises(StorageError, match=r"ended the process that did .*Use another copy"):
        read_plain_hdf5(PLAIN)
    assert stopped.returncode == -signal.SIGKILL
    monkeypatch.undo()
    assert read_plain_hdf5(PLAIN).arrays["n"] == 3


def test_arrays_larger_than_a_file_allows_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:  # nothing of it is stored
        file.create_dataset("x", (2**40,), "f8", chunks=(2**10,))
        file.create_dataset("y", (2**25,), "f8", compression="gzip", chunks=(2**25,))
    with pytest.raises(StorageError, match=r"`x` has 8796093022208 bytes.*cannot be"):
        read_hdf5(path, path.stat().st_size)
    with h5py.File(path, "r+") as file:
        del file["x"]
    with pytest.raises(StorageError, match="`y` has 268435456 bytes"):
        read_hdf5(path, path.stat().st_size)


def test_the_process_holds_as_much_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    data = content(x=np.zeros(2**22))
    monkeypatch.setattr(hdf5, "MEMORY", 1 << 20)
    monkeypatch.setattr(hdf5, "GROWTH", 0)
    with pytest.raises(StorageError, match=r"ended the process|MemoryError"):
        read_plain_hdf5(data)
    monkeypatch.undo()
    assert read_plain_hdf5(data).arrays["x"].nbytes == 2**25


def test_each_file_of_strangers_has_a_process_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(PLAIN)
    read_plain_hdf5(PLAIN)
    before = [reader.process.pid for reader in hdf5._kept]
    assert set(read_hdf5(path, len(PLAIN)).arrays) == {"x", "n", "text"}
    assert [reader.process.pid for reader in hdf5._kept] == before


def test_a_fork_does_not_share_the_process_that_reads() -> None:
    read_plain_hdf5(PLAIN)
    mine = hdf5._kept[-1]
    hdf5._kept[-1].owner = -1  # as it looks from a fork
    assert read_plain_hdf5(PLAIN).arrays["n"] == 3
    assert mine not in hdf5._kept and mine in hdf5._inherited
    hdf5._inherited.remove(mine)
    mine.close()


def strange() -> bytes:
    """What strangers' files hold: groups, complex numbers, text, compression, MATLAB's own."""
    file = io.BytesIO()
    with h5py.File(file, "w") as there:
        there["a/b/x"] = np.arange(4.0)
        pairs = np.dtype([("real", "f8"), ("imag", "f8")])
        there["z"] = np.array([(1.0, 2.0), (3.0, -1.0)], pairs)
        there["names"] = ["one", "two"]
        there.create_dataset("packed", data=np.arange(100.0), compression="gzip")
        there["#refs#/c"] = np.arange(3.0)
        there["cell"] = np.arange(2, dtype="u8")
        there["cell"].attrs["MATLAB_class"] = np.bytes_(b"cell")
    return file.getvalue()


def deep() -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as there:
        there["/".join("g" * 40)] = 1.0
    return file.getvalue()


def linked() -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as there:
        there["x"] = h5py.ExternalLink("elsewhere.h5", "/x")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "read"),
    [(PLAIN, "n text x"), (strange(), "a/b/x packed z"), (deep(), None), (linked(), None)],
)
def test_the_process_answers_as_its_functions_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, read: str | None
) -> None:
    path, out = tmp_path / "a.h5", io.BytesIO()
    path.write_bytes(data)
    monkeypatch.setattr(hdf5_child, "bound", lambda *_: None)  # limits would be this process's
    request: dict[str, Any] = {"path": str(path), "strict": False, **hdf5._limits(len(data))}
    hdf5_child.answer(io.BytesIO(), out, {**request, "limit": 1 << 20})
    line, _, rest = out.getvalue().partition(b"\n")
    said = json.loads(line)
    if read is None:
        with pytest.raises(StorageError) as told:
            read_hdf5(path, len(data))
        assert said["error"] in str(told.value)
        return
    theirs = read_hdf5(path, len(data))
    assert sorted(name for name, *_ in said["arrays"]) == read.split() == sorted(theirs.arrays)
    assert (said["groups"], said["left_out"]) == (theirs.groups, theirs.left_out)
    assert rest == b"".join(theirs.arrays[name].tobytes() for name, *_ in said["arrays"])


def test_compressed_arrays_are_not_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    data, out = strange(), io.BytesIO()
    monkeypatch.setattr(hdf5_child, "bound", lambda *_: None)
    request = {"path": None, "strict": True, "limit": len(data), **hdf5._limits(len(data))}
    hdf5_child.answer(io.BytesIO(data), out, request)
    with pytest.raises(StorageError) as told:
        read_plain_hdf5(data)
    assert json.loads(out.getvalue())["error"] in str(told.value)
