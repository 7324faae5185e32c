"""How long points take to be read and made ready, and how much memory, from 10³ to 5·10⁶ of them.

    python benchmarks/loading.py [--only 2000000]

Points with normals on a sphere far from the origin, in a binary PLY file in double precision; a
tenth of them are given twice.
"""

import tempfile
import warnings
from pathlib import Path

import harness
import numpy as np

from siren_pde import read_points
from siren_pde.scans.prepare import deduplicated

COUNTS = (1_000, 10_000, 100_000, 1_000_000, 2_000_000, 5_000_000)
NAMES = ("x", "y", "z", "nx", "ny", "nz")


def write(path, count):
    rng = np.random.default_rng(0)
    normals = rng.standard_normal((count, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals[: count // 10] = normals[count // 10 : 2 * (count // 10)]
    properties = "".join(f"property double {name}\n" for name in NAMES)
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {count}\n{properties}"
    path.write_bytes(
        f"{header}end_header\n".encode() + np.hstack([1e6 + 25 * normals, normals]).tobytes()
    )


def measure(path):
    read, cloud = harness.timed(lambda: read_points(path))
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        tidy, ready = harness.timed(lambda: deduplicated(cloud))
    row = {"points": len(cloud), "read": read, "tidy": tidy, "kept": len(ready)}
    row |= {"thinned": bool(raised), "peak": harness.peak_memory()}
    print(harness.cells(row, COLUMNS))


COLUMNS = {
    "points": lambda row: str(row["points"]),
    "read": lambda row: f"{row['read']:.2f} s",
    "made ready": lambda row: f"{row['tidy']:.2f} s",
    "kept": lambda row: f"{row['kept']}{' thinned' * row['thinned']}",
    "peak memory": lambda row: f"{row['peak']:.0f} MB",
}


def main():
    parser = harness.parser(__doc__)
    parser.add_argument("--only", type=int)
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    if options.file:
        measure(options.file)
        return
    harness.prepare()
    print(harness.head(COLUMNS), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for count in [options.only] if options.only else COUNTS:
            path = Path(folder) / f"{count}.ply"
            write(path, count)
            print(harness.alone(__file__, "--file", path), end="", flush=True)


if __name__ == "__main__":
    main()
