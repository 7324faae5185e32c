"""How long points take to be read and made ready, and how much memory, from 10³ to 5·10⁶ of them.

    python benchmarks/loading.py [--only 2000000] [--text]

Points with normals on a sphere far from the origin, in a binary PLY file in double precision, or in
a text of three columns; a tenth of them are given twice. `held` is the memory while reading, beyond
what the process had before, in sizes of the file.
"""

import tempfile
import time
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
    if path.suffix == ".xyz":
        with open(path, "w") as file:
            for start in range(0, count, 100_000):
                np.savetxt(file, 1e6 + 25 * normals[start : start + 100_000], fmt="%.6f")
        return
    properties = "".join(f"property double {name}\n" for name in NAMES)
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {count}\n{properties}"
    path.write_bytes(
        f"{header}end_header\n".encode() + np.hstack([1e6 + 25 * normals, normals]).tobytes()
    )


def measure(path):
    before, began = harness.peak_memory(), time.process_time()
    read, cloud = harness.timed(lambda: read_points(path))
    computed, held = time.process_time() - began, harness.peak_memory() - before
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        tidy, ready = harness.timed(lambda: deduplicated(cloud))
    row = {"points": len(cloud), "read": read, "tidy": tidy, "kept": len(ready)}
    row |= {"thinned": bool(raised), "peak": harness.peak_memory(), "computed": computed}
    row |= {"held": held / (path.stat().st_size / 2**20)}
    print(harness.cells(row, COLUMNS))


COLUMNS = {
    "points": lambda row: str(row["points"]),
    "read": lambda row: f"{row['read']:.2f} s",
    "computing": lambda row: f"{row['computed']:.2f} s",
    "held": lambda row: f"{row['held']:.1f} ×",
    "made ready": lambda row: f"{row['tidy']:.2f} s",
    "kept": lambda row: f"{row['kept']}{' thinned' * row['thinned']}",
    "peak memory": lambda row: f"{row['peak']:.0f} MB",
}


def main():
    parser = harness.parser(__doc__)
    parser.add_argument("--only", type=int)
    parser.add_argument("--text", action="store_true")
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    if options.file:
        measure(options.file)
        return
    harness.prepare()
    print(harness.head(COLUMNS), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for count in [options.only] if options.only else COUNTS:
            path = Path(folder) / f"{count}.{'xyz' if options.text else 'ply'}"
            write(path, count)
            print(harness.alone(__file__, "--file", path), end="", flush=True)


if __name__ == "__main__":
    main()
