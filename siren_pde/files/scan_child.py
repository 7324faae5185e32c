"""A process that reads scans by the libraries of others, within limits, and hands back arrays.

It is run by its path, knows nothing of the package, and answers as `hdf5_child.py` does: laspy
reads LAS and LAZ, pye57 E57, and trimesh GLB, glTF and what else it knows. Where one of them
crashes, fills the memory or hangs, it is this process that ends.
"""

from __future__ import annotations

import io
import json
import logging
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

DENSEST = 64
"""Points that one byte of a file may hold: packed ones are not much smaller than a byte."""
PATHS = 4096
"""Scans or meshes in one file."""


class Refused(Exception):
    """What the file holds that is not read, in words."""


def las(data: bytes, path: str) -> dict[str, Any]:
    """Positions, colours, intensity, classes, and whatever else a LAS file has in further bytes."""
    import laspy

    with laspy.open(io.BytesIO(data), laz_backend=laspy.LazBackend.Lazrs) as reader:
        count = reader.header.point_count
        if count > DENSEST * len(data):
            raise Refused(f"it declares {count} points, more than its {len(data)} bytes can hold")
        points = reader.read()
    if len(points.points) != count:
        raise Refused(f"it declares {count} points, but holds {len(points.points)}: it is cut")
    arrays = {axis: np.asarray(getattr(points, axis), dtype=np.float64) for axis in "xyz"}
    names = list(points.point_format.standard_dimension_names)
    for name in ("red", "green", "blue", "intensity", "classification"):
        if name in names and np.any(points[name]):
            arrays[name] = np.asarray(points[name])
    for name in points.point_format.extra_dimension_names:
        values = np.asarray(points[name])
        arrays |= {name: values} if values.ndim == 1 else {}
    return arrays


def e57(data: bytes, path: str) -> dict[str, Any]:
    """The points of all scans in an E57 file, in its coordinates, not those of the scanner."""
    import pye57

    file = pye57.E57(path)
    parts = []
    if file.scan_count > PATHS:
        raise Refused(f"it has {file.scan_count} scans, more than {PATHS}")
    for index in range(file.scan_count):
        fields = file.get_header(index).point_fields
        parts.append(
            file.read_scan(
                index,
                intensity="intensity" in fields,
                colors="colorRed" in fields,
                ignore_missing_fields=True,
            )
        )
    if not parts:
        raise Refused("it has no scans")
    names = {
        "x": "cartesianX",
        "y": "cartesianY",
        "z": "cartesianZ",
        "red": "colorRed",
        "green": "colorGreen",
        "blue": "colorBlue",
        "intensity": "intensity",
    }
    shared = {name: key for name, key in names.items() if all(key in part for part in parts)}
    return {n: np.concatenate([part[key] for part in parts]) for n, key in shared.items()}


class Beside(dict[str, bytes]):
    """The files that one of glTF names: those in its own folder, and no others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str, *_: object) -> bytes:
        """The content of a file."""
        if name != Path(name).name or name.startswith(".") or not (self.folder / name).is_file():
            raise Refused(f"it names `{name[:40]}`, which is no file beside it")
        return (self.folder / name).read_bytes()

    __getitem__ = get

    def __contains__(self, name: object) -> bool:
        return True

    def namespaced(self, _: str) -> Beside:
        """The same, as trimesh asks for it."""
        return self


def scene(data: bytes, path: str) -> dict[str, Any]:
    """The points and triangles of all parts of a scene, where the scene puts them."""
    import trimesh

    suffix = Path(path).suffix.lower().removeprefix(".")
    options: Any = {"skip_materials": True} if suffix in ("glb", "gltf") else {}
    whole = trimesh.load_scene(
        io.BytesIO(data),
        file_type=suffix,
        resolver=Beside(Path(path).parent),
        process=False,
        **options,
    )
    parts = list(_parts(whole))
    if not parts:
        raise Refused("it has no points")
    arrays = {"positions": np.concatenate([part["positions"] for part in parts])}
    for name in ("normals", "colors"):
        if all(name in part for part in parts):
            arrays[name] = np.concatenate([part[name] for part in parts])
    start, faces = 0, []
    for part in parts:
        faces += [part["faces"] + start] if "faces" in part else []
        start += len(part["positions"])
    return arrays | ({"faces": np.concatenate(faces)} if faces else {})


def _parts(whole: Any) -> Iterator[dict[str, Any]]:
    """Each mesh or cloud of a scene, moved to where it stands."""
    for number, node in enumerate(whole.graph.nodes_geometry):
        matrix, name = whole.graph[node]
        shape = whole.geometry[name]
        if number >= PATHS:
            raise Refused(f"it has more than {PATHS} parts")
        if not len(getattr(shape, "vertices", ())):
            continue
        part = {"positions": np.asarray(shape.vertices) @ matrix[:3, :3].T + matrix[:3, 3]}
        normals = shape._cache.cache.get("vertex_normals")  # those in the file, not made from faces
        if normals is not None and len(normals) == len(shape.vertices):
            part["normals"] = np.asarray(normals) @ np.linalg.inv(matrix[:3, :3])
        visual = getattr(shape, "visual", None)
        if visual is not None and visual.kind == "vertex":
            part["colors"] = np.asarray(visual.vertex_colors)[:, :3]
        if len(getattr(shape, "faces", ())):
            faces = np.asarray(
                shape.faces, dtype=np.int64
            )  # a mirror turns them (glTF 2.0, §3.7.4)
            part["faces"] = faces[:, ::-1] if np.linalg.det(matrix[:3, :3]) < 0 else faces
        yield part


def bound(seconds: int, memory: int) -> None:
    """Let this process compute for so many seconds more, and hold so many bytes more."""
    spent = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent) + seconds, most))
    statm = Path("/proc/self/statm")
    if statm.exists():
        held = int(statm.read_text().split()[0]) * resource.getpagesize()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = held + memory
        limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))


READERS = {"las": las, "e57": e57, "scene": scene}


def answer(source: BinaryIO, out: BinaryIO, request: dict[str, Any]) -> None:
    """Read the file that follows a request, and write what is in it."""
    data = source.read(request["size"])
    bound(request["seconds"], request["memory"])
    try:
        arrays = READERS[request["kind"]](data, request["path"])
        arrays = {name: np.ascontiguousarray(v) for name, v in arrays.items()}
        kinds = [[name, v.dtype.str, v.shape, v.nbytes] for name, v in arrays.items()]
        said: dict[str, Any] = {"arrays": kinds}
    except Refused as refused:
        arrays, said = {}, {"error": str(refused)}
    except Exception as error:  # the libraries raise many kinds, all about the file
        arrays, said = {}, {"error": f"it cannot be read ({type(error).__name__}: {error})"[:500]}
    out.write(json.dumps(said).encode() + b"\n")
    for values in arrays.values():
        out.write(values.tobytes())
    out.flush()


def main() -> None:
    """Answer requests until there are no more."""
    logging.disable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # nothing is ever written
    source, out = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # the libraries may print
    while line := source.readline():
        answer(source, out, json.loads(line))


if __name__ == "__main__":
    main()
