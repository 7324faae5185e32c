"""Files that are either the old one or the new one, whatever happens in between."""

import os
import re
import secrets
import stat
from pathlib import Path

from siren_pde.errors import StorageError

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")
"""The names of temporary files, which writers that were killed leave behind."""


def atomic_write(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` so that no reader and no crash ever sees half of it.

    A temporary file in the same folder (`.NAME.RANDOM.tmp`) is written, flushed to the disk and
    renamed over `path`. Where `path` is a symbolic link, what it points at is replaced, and the
    link stays; the permissions of an old file are kept. Raises `StorageError` with the path and
    the cause; the old file, if any, is then untouched and the temporary one removed.
    """
    try:
        target = Path(os.path.realpath(path))
        mode = _mode(target)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
        try:
            with open(temporary, "xb") as file:
                if mode is not None:
                    os.fchmod(file.fileno(), mode)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _flush_folder(target.parent)
    except OSError as cause:
        raise unwritten(path, len(data), cause) from cause


def unwritten(path: str | os.PathLike[str], size: int, cause: OSError) -> StorageError:
    """The error for a file that could not be written."""
    return StorageError(
        f"cannot write `{path}` ({size} bytes): {cause.strerror or cause}. "
        "Choose a folder that exists, can be written to and has that much space."
    )


def sweep(folder: Path) -> int:
    """Remove the temporary files that killed writers have left in a folder; how many there were.

    Nobody else may be writing there.
    """
    left = [path for path in folder.iterdir() if _TEMPORARY.fullmatch(path.name)]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def _mode(target: Path) -> int | None:
    """The permissions of an old file. Raises OSError for what is no plain file, such as a device,
    which a new file must not take the place of.
    """
    try:
        known = target.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(known):
        raise OSError(f"there is a {'folder' if stat.S_ISDIR(known) else 'device'} of that name")
    return stat.S_IMODE(known)


def _flush_folder(folder: Path) -> None:
    """Make the new name itself durable, where the system lets one open a folder."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
