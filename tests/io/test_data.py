"""Arrays by name: what files of several hold, and that nothing in them is run."""

import io
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from siren_pde.errors import DataFileError, InputWarning, StorageError
from siren_pde.files.matlab import read_matlab
from siren_pde.io import read_data
from siren_pde.io.readers import read_mesh, read_points
from tests.costs import peak_of
from tests.sample_files import NORMALS, POINTS, TABLE, saved
from tests.typed import known

DRAW = np.random.default_rng(0)
VARIABLES: dict[str, Any] = {
    "reals": DRAW.normal(size=(5, 3)),
    "waves": DRAW.normal(size=(2, 3)) + 1j * DRAW.normal(size=(2, 3)),
    "shorts": np.arange(-3, 3, dtype="i2").reshape(2, 3),
    "wide": np.array([[2**60, -1]]),
    "single": np.array([[2.5, 0.1]], dtype=np.float32),
    "holds": np.array([[True, False, True]]),
    "cube": np.arange(24.0).reshape(2, 3, 4),
    "empty": np.zeros((0, 3)),
}
OTHERS: dict[str, Any] = {
    "title": "hello",
    "record": {"q": 1.0},
    "cells": np.array([1, "x"], dtype=object),
}


def mat(variables: dict[str, Any], compressed: bool = True) -> bytes:
    file = io.BytesIO()
    savemat(file, variables, do_compression=compressed)
    return file.getvalue()


def mat73(path: Path, variables: dict[str, Any]) -> Path:
    """A file as MATLAB 7.3 writes it: HDF5, arrays transposed, after a block of 512 bytes."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in variables.items():
            values = np.asarray(values)
            if values.dtype.kind == "c":
                pair = np.empty(values.shape, [("real", "f8"), ("imag", "f8")])
                pair["real"], pair["imag"] = values.real, values.imag
                values = pair
            data = file.create_dataset(name, data=values.T, compression="gzip")
            data.attrs["MATLAB_class"] = np.bytes_("double")
        text = file.create_dataset("title", data=np.array([[104], [105]], "u2"))
        text.attrs["MATLAB_class"] = np.bytes_("char")
        file.create_group("#refs#")
    content = bytearray(path.read_bytes())
    content[:512] = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM" + bytes(384)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("compressed", [True, False])
def test_matlab_files_give_their_arrays(compressed: bool, tmp_path: Path) -> None:
    path = saved(tmp_path, "a.mat", mat(VARIABLES | OTHERS, compressed))
    with pytest.warns(InputWarning, match="`title`, `record`, `cells` are no arrays"):
        arrays = read_data(path)
    assert set(arrays) == set(VARIABLES)
    for name, values in VARIABLES.items():
        np.testing.assert_array_equal(arrays[name], values)
        assert arrays[name].dtype == values.dtype


def test_matlab_files_in_the_other_byte_order_are_read() -> None:
    def element(kind: int, body: bytes) -> bytes:
        padded = body + bytes(-len(body) % 8)
        return np.array([kind, len(body)], ">u4").tobytes() + padded

    parts = element(6, np.array([6, 0], ">u4").tobytes())
    parts += element(5, np.array([3, 2], ">i4").tobytes())
    parts += np.array([2 << 16 | 1], ">u4").tobytes() + b"ab\0\0"  # a small element
    parts += element(4, np.arange(6, dtype=">u2").tobytes())
    data = b"MATLAB 5.0".ljust(124) + b"\1\0MI" + element(14, parts)
    arrays, _ = read_matlab(data)
    np.testing.assert_array_equal(arrays["ab"], np.arange(6.0).reshape(3, 2, order="F"))


def test_matlab_7_3_is_read_by_another_process(tmp_path: Path) -> None:
    few = {name: VARIABLES[name] for name in ("reals", "waves", "cube")}
    with pytest.warns(InputWarning, match="`title` is no array"):
        arrays = read_data(mat73(tmp_path / "a.mat", few))
    assert set(arrays) == set(few)
    for name, values in few.items():
        np.testing.assert_array_equal(arrays[name], values)


def test_archives_tables_and_hdf5_give_their_arrays(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", **VARIABLES)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, values in VARIABLES.items():
            file[f"group/{name}"] = values
        file["text"] = "no number"
    arrays = read_data(tmp_path / "a.npz")
    with pytest.warns(InputWarning, match="`text` is no array"):
        nested = read_data(tmp_path / "a.h5")
    assert list(arrays) == list(VARIABLES) and len(nested) == len(VARIABLES)
    for name, values in VARIABLES.items():
        np.testing.assert_array_equal(arrays[name], values)
        np.testing.assert_array_equal(nested[f"group/{name}"], values)
    columns = read_data(saved(tmp_path, "a.csv", b"t,u\n0,1.5\n1,2.5\n"))
    np.testing.assert_array_equal(columns["u"], [1.5, 2.5])
    with pytest.raises(DataFileError, match="Name each column"):
        read_data(saved(tmp_path, "a.csv", b"0,1.5\n1,2.5\n"))
    with pytest.raises(DataFileError, match=r"Known are \.mat"):
        read_data(tmp_path / "a.xlsx")


def test_clouds_lie_in_the_only_array_of_points(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.mat", mat({"scan": TABLE, "frequency": 3.0}))
    with pytest.warns(InputWarning, match="columns 4-6 have length one: taken for normals"):
        cloud = read_points(path)
    np.testing.assert_array_equal(cloud.positions, POINTS)
    np.testing.assert_allclose(known(cloud.normals), NORMALS, atol=1e-15)
    np.savez(tmp_path / "a.npz", points=POINTS, t=np.arange(5))
    np.testing.assert_array_equal(read_points(tmp_path / "a.npz").positions, POINTS)
    two = saved(tmp_path, "b.mat", mat({"a": POINTS, "b": POINTS}))
    with pytest.raises(DataFileError, match=r"2 of shape \(n, 3\) among `a` \(5, 3\)"):
        read_points(two)
    with pytest.raises(DataFileError, match="transpose"):
        read_points(saved(tmp_path, "c.mat", mat({"a": np.vstack([POINTS, POINTS]).T})))
    with pytest.raises(DataFileError, match="complex128 numbers"):
        read_points(saved(tmp_path, "d.mat", mat({"a": POINTS * 1j})))


def test_variables_larger_than_their_file_allows_are_refused(tmp_path: Path) -> None:
    bomb = mat({"zeros": np.zeros((3, 8_000_000))})
    assert len(bomb) < 1_000_000

    def attempt() -> None:
        with pytest.raises(StorageError, match="larger than a file of this size"):
            read_matlab(bomb)

    assert peak_of(attempt) < 3 * len(bomb) + 1_000_000
    file = io.BytesIO()
    np.savez_compressed(file, zeros=np.zeros((3, 8_000_000)))

    def unpack() -> None:
        with pytest.raises(DataFileError, match="more than an archive of this size"):
            read_data(path)

    path = saved(tmp_path, "a.npz", file.getvalue())
    assert peak_of(unpack) < 3 * len(file.getvalue()) + 1_000_000


def test_damaged_variables_are_named() -> None:
    plain = mat({"reals": VARIABLES["reals"]}, compressed=False)
    for data, message in (
        (b"nothing", "does not begin as a MATLAB file"),
        (plain[:-9], "It is cut"),
        (plain.replace(b"\x05\0\0\0\3\0\0\0", b"\x05\0\0\0\4\0\0\0"), "`reals` needs 20 numbers"),
        (plain.replace(b"\x05\0\0\0\3\0\0\0", b"\xff\xff\xff\xff\3\0\0\0"), "has shape"),
        (plain + plain[128:], "two variables `reals`"),
        (mat(VARIABLES)[:-40], "damaged|cut"),
    ):
        with pytest.raises(StorageError, match=message):
            read_matlab(data)


def test_damaged_data_raise_nothing_but_data_file_error(tmp_path: Path) -> None:
    archive = io.BytesIO()
    np.savez_compressed(archive, **VARIABLES)
    refused = 0
    for name, data in (
        ("a.mat", mat(VARIABLES | OTHERS)),
        ("b.mat", mat(VARIABLES | OTHERS, compressed=False)),
        ("a.npz", archive.getvalue()),
    ):
        for _ in range(300):
            damaged = bytearray(data)
            for at in DRAW.integers(len(data), size=3):
                damaged[at] ^= 1 << DRAW.integers(8)
            del damaged[DRAW.integers(1, 3 * len(data)) :]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", InputWarning)
                try:
                    read_data(saved(tmp_path, name, bytes(damaged)))
                except DataFileError as error:
                    refused += 1
                    assert name in str(error)
    assert refused > 400


@pytest.mark.parametrize("kind", ["f8", "u4"])
def test_matlab_counts_corners_from_one(tmp_path: Path, kind: str) -> None:
    corners = np.array([[1, 2, 3], [2, 3, 5]], dtype=kind)
    path = saved(tmp_path, "a.mat", mat({"points": DRAW.normal(size=(5, 3)), "faces": corners}))
    np.testing.assert_array_equal(read_mesh(path).faces, [[0, 1, 2], [1, 2, 4]])
