"""Small scans in formats that libraries of others write."""

import io
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import laspy
import numpy as np
import pye57
import trimesh

DRAW = np.random.default_rng(3)
COUNT = 50
NORMALS = DRAW.normal(size=(COUNT, 3))
NORMALS /= np.linalg.norm(NORMALS, axis=1, keepdims=True)
POINTS = (100 + NORMALS).astype(np.float32).astype(float)
RGB = DRAW.integers(0, 256, (COUNT, 3))
PAINTS = ("red", "green", "blue")


def las(packed: bool, colours: np.ndarray = RGB * 257) -> bytes:
    """LAS 1.4 with colours of 16 bits, intensity, and a number more at each point; or LAZ."""
    header = laspy.LasHeader(version="1.4", point_format=7)
    header.offsets, header.scales = [90.0, 90.0, 90.0], [1e-6, 1e-6, 1e-6]
    header.add_extra_dim(laspy.ExtraBytesParams("planarity", "f4"))
    table = laspy.LasData(header)
    table.x, table.y, table.z = POINTS.T
    table.intensity = np.arange(COUNT) + 1
    table.red, table.green, table.blue = colours.T
    table.planarity = np.linspace(0, 1, COUNT)
    file = io.BytesIO()
    table.write(file, do_compress=packed, laz_backend=laspy.LazBackend.Lazrs)
    return file.getvalue()


def e57() -> bytes:
    """Two scans, the first of which stands at x = 5."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.e57"
        file = pye57.E57(str(path), mode="w")
        for part, shift in ((slice(0, 20), 5.0), (slice(20, COUNT), 0.0)):
            there = POINTS[part] - [shift, 0, 0]
            scan: dict[str, Any] = {
                f"cartesian{axis.upper()}": there[:, i] for i, axis in enumerate("xyz")
            }
            scan |= {"intensity": np.arange(COUNT)[part] / COUNT}
            scan |= {
                f"color{name.title()}": RGB[part, i].astype(np.uint8)
                for i, name in enumerate(PAINTS)
            }
            file.write_scan_raw(scan, translation=np.array([shift, 0, 0]), rotation=np.eye(4)[0])
        file.close()
        return path.read_bytes()


@cache
def foreign() -> dict[str, bytes]:
    """One of each format."""
    ball = trimesh.Scene([trimesh.creation.icosphere(subdivisions=1)])
    text = ball.export(file_type="gltf", merge_buffers=True, embed_buffers=True)["model.gltf"]
    return {
        "cloud.las": las(packed=False),
        "cloud.laz": las(packed=True),
        "scans.e57": e57(),
        "ball.glb": ball.export(file_type="glb", include_normals=True),
        "ball.gltf": text,
    }
