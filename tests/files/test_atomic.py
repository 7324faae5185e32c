"""A file is the old one or the new one, and failures name it."""

from pathlib import Path

import pytest

from siren_pde.errors import StorageError
from siren_pde.files.atomic import atomic_write


def test_written_bytes_are_read_back_and_nothing_else_is_left(tmp_path: Path) -> None:
    for data in (b"first", b"", b"\x00" * 100_000):
        atomic_write(tmp_path / "a.bin", data)
        assert (tmp_path / "a.bin").read_bytes() == data
        assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_a_failed_rename_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atomic_write(tmp_path / "a.bin", b"old")

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for function in ("os.fsync", "os.replace"):
        with monkeypatch.context() as patch:
            patch.setattr(function, no_space)
            with pytest.raises(StorageError, match=r"a\.bin.*3 bytes.*No space left"):
                atomic_write(tmp_path / "a.bin", b"new")
        assert (tmp_path / "a.bin").read_bytes() == b"old"
        assert len(list(tmp_path.iterdir())) == 1


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        atomic_write(tmp_path / "nowhere" / "a.bin", b"x")


def test_a_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="folder"):
        atomic_write(tmp_path / "folder", b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]
