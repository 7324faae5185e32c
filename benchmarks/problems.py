"""The README's table: every problem file solved through the command line, with no options but time.

    python benchmarks/problems.py [--scans FOLDER]

prints a Markdown table and one JSON line. `--scans` adds point clouds (PLY) from a folder.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import harness

ROOT = Path(__file__).parents[1]
SOLVES = {
    "poisson": ("Poisson, unit square", []),
    "helmholtz": ("Helmholtz, modes 1 and 4, k = 1", []),
    "wave": ("wave, c = 2, modes 1 and 4", []),
    "burgers": ("Burgers, ν = 0.01/π", ["--seconds", "120"]),
}


COLUMNS = {
    "problem": lambda row: row[0],
    "method chosen": lambda row: row[1],
    "reached": lambda row: row[2],
    "seconds": lambda row: f"{row[3]:.1f}",
    "with start-up": lambda row: f"{row[4]:.1f}",
}


def said(*arguments: str) -> tuple[float, str]:
    """What `python ARGUMENTS` prints, after its wall-clock seconds with start-up."""
    command = [sys.executable, *arguments]
    run = lambda: subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: E731
    wall, done = harness.timed(run)
    return wall, done.stdout


def answer(*arguments: str) -> tuple[float, dict]:
    """The JSON answer of a `siren-pde` command, after its wall-clock seconds with start-up."""
    wall, text = said("-m", "siren_pde", *arguments, "--json")
    return wall, json.loads(text.splitlines()[-1])


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--scans", type=Path)
    folder = parser.parse_args().scans
    harness.prepare()
    rows = []
    for name, (title, options) in SOLVES.items():
        wall, told = answer("solve", f"problems/{name}.py", *options)
        quality = f"relative L² error {told['error']:.1e}"
        rows.append((title, told["method"], quality, told["seconds"], wall))
    wall, photograph = said("problems/poisson_image.py", "runs/photograph")
    decibels, seconds = re.search(r"PSNR ([\d.]+) dB.* in (\d+) s", photograph).groups()
    title = "photograph, 256², from its slopes"
    rows.append((title, "conjugate gradients", f"PSNR {decibels} dB", float(seconds), wall))
    for scan in sorted(folder.glob("*.ply")) if folder else []:
        mesh = ROOT / "runs" / f"{scan.stem}_mesh.ply"
        wall, told = answer("sdf", str(scan), "--out", str(mesh))
        quality = (
            f"scan → mesh {100 * told['distance_mean_rel']:.3f} % of the diagonal, "
            f"{told['components']} component, watertight: {told['watertight']}"
        )
        title = f"{scan.stem}, {told['points']:,} points"
        rows.append((title, "Adam, splines", quality, told["seconds"], wall))
    harness.table(rows, COLUMNS)
    harness.as_json(rows)


if __name__ == "__main__":
    main()
