"""Formats that libraries of others read, as the extra `scans`: LAS and LAZ, E57, GLB and glTF."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from siren_pde.errors import DataFileError, StorageError
from siren_pde.files.child import Array, Child
from siren_pde.io.readers.columns import of_named
from siren_pde.io.readers.source import Arrays, Source

_SCRIPT = Path(__file__).parents[2] / "files" / "scan_child.py"
_PATIENCE = 120.0
"""Seconds to wait for an answer, and one more for each MB."""
_SECONDS, _MEMORY, _GROWTH = 20, 1 << 30, 64
"""What the process may compute, beside a second for each MB, and bytes that it may hold beside so
many times the file: the libraries take two seconds to be imported, and packed points grow
twentyfold as floats.
"""


def read_las(source: Source) -> Arrays:
    """The points of a LAS or LAZ file, in its coordinates: scaled, moved to its offset."""
    return of_named(source, _read(source, "las", "laspy", source.data), "its points")


def read_e57(source: Source) -> Arrays:
    """The points of all scans in an E57 file, put together where their poses say."""
    if not source.data.startswith(b"ASTM-E57"):
        raise source.broken("byte 0", "no E57 file")
    if Path(source.name).suffix.lower() != ".e57":
        raise source.broken("byte 0", "an E57 file that is packed", "Unpack it by `gunzip` first.")
    return of_named(source, _read(source, "e57", "pye57", b""), "its points")


def read_scene(source: Source) -> Arrays:
    """The points and triangles of all meshes and clouds in a scene, put where it says."""
    arrays = dict(_read(source, "scene", "trimesh", source.data))
    faces, colours = arrays.pop("faces", None), arrays.pop("colors", None)
    columns = dict(zip("xyz", arrays["positions"].T, strict=True))
    if colours is not None:
        columns |= dict(zip(("red", "green", "blue"), colours.T, strict=True))
    made = Arrays.of_columns(columns, faces)
    return Arrays(made.positions, arrays.get("normals"), made.faces, made.columns)


def _read(source: Source, kind: str, library: str, data: bytes) -> dict[str, Array]:
    """What another process reads by a library, which may end it and leaves this one alone."""
    needed = (library, "lazrs") if source.suffix == ".laz" else (library,)
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise DataFileError(
            f"cannot read `{source.name}`: {source.suffix} files need `{missing[0]}`, which is not "
            "installed. Install it by `pip install 'siren-pde[scans]'`."
        )
    path = str(Path(source.name).resolve())
    if path.lower().endswith(".gz"):
        path = path[:-3]
    whole = len(source.data)
    request = {
        **{"kind": kind, "path": path, "size": len(data)},
        **{"seconds": _SECONDS + (whole >> 20), "memory": _MEMORY + _GROWTH * whole},
    }
    child = Child(_SCRIPT, _PATIENCE + whole / 2**20)
    try:
        return child.read(request, data).arrays
    except StorageError as cause:
        raise DataFileError(f"cannot read `{source.name}`: {cause}") from cause.__cause__
    finally:
        child.close()
