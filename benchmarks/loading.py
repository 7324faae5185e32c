"""How long points take to be read and made ready, and how much memory, from 10³ to 5·10⁶ of them.

    python benchmarks/loading.py [--only 2000000]

Points with normals on a sphere far from the origin, in a binary PLY file in double precision; a
tenth of them are given twice.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

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
    start = time.perf_counter()
    cloud = read_points(path)
    read = time.perf_counter()
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        ready = deduplicated(cloud)
    end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    times = f"{read - start:.2f} s | {end - read:.2f} s"
    note = " thinned" if raised else ""
    print(f"| {len(cloud)} | {times} | {len(ready)}{note} | {peak:.0f} MB |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", type=int)
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    if options.file:
        measure(options.file)
        return
    print("| points | read | made ready | kept | peak memory |\n|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for count in [options.only] if options.only else COUNTS:
            path = Path(folder) / f"{count}.ply"
            write(path, count)
            subprocess.run([sys.executable, __file__, "--file", path], check=True)


if __name__ == "__main__":
    main()
