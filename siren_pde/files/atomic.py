"""Files that are either the old one or the new one, whatever happens in between."""

import os
import secrets
from pathlib import Path

from siren_pde.errors import StorageError


def atomic_write(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` so that no reader and no crash ever sees half of it.

    A temporary file in the same folder (`.NAME.RANDOM.tmp`) is written, flushed to the disk and
    renamed over `path`. Raises `StorageError` with the path and the cause; the old file, if any,
    is then untouched and the temporary one removed.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        try:
            with open(temporary, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)
    except OSError as cause:
        raise StorageError(
            f"cannot write `{path}` ({len(data)} bytes): {cause.strerror or cause}. "
            "Choose a folder that exists, can be written to and has that much space."
        ) from cause


def _flush_folder(folder: Path) -> None:
    """Make the new name itself durable, where the system lets one open a folder."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
