"""The README's table: every problem file solved through the command line, with no options but time.

    python benchmarks/problems.py [--scans FOLDER]

prints a Markdown table and one JSON line. `--scans` adds point clouds (PLY) from a folder.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOLVES = {
    "poisson": ("Poisson, unit square", []),
    "helmholtz": ("Helmholtz, modes 1 and 4, k = 1", []),
    "wave": ("wave, c = 2, modes 1 and 4", []),
    "burgers": ("Burgers, ν = 0.01/π", ["--seconds", "120"]),
}


def command(*arguments: str) -> tuple[dict, float]:
    """The JSON answer of a `siren-pde` command, and its wall-clock seconds with start-up."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "siren_pde", *arguments, "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1]), time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=Path)
    folder = parser.parse_args().scans
    rows = []
    for name, (title, options) in SOLVES.items():
        answer, wall = command("solve", f"problems/{name}.py", *options)
        quality = f"relative L² error {answer['error']:.1e}"
        rows.append((title, answer["method"], quality, answer["seconds"], wall))
    started = time.monotonic()
    photograph = subprocess.run(
        [sys.executable, "problems/poisson_image.py", "runs/photograph"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    decibels, seconds = re.search(r"PSNR ([\d.]+) dB.* in (\d+) s", photograph).groups()
    wall = time.monotonic() - started
    title = "photograph, 256², from its slopes"
    rows.append((title, "conjugate gradients", f"PSNR {decibels} dB", float(seconds), wall))
    for scan in sorted(folder.glob("*.ply")) if folder else []:
        mesh = ROOT / "runs" / f"{scan.stem}_mesh.ply"
        answer, wall = command("sdf", str(scan), "--out", str(mesh))
        quality = (
            f"scan → mesh {100 * answer['distance_mean_rel']:.3f} % of the diagonal, "
            f"{answer['components']} component, watertight: {answer['watertight']}"
        )
        title = f"{scan.stem}, {answer['points']:,} points"
        rows.append((title, "Adam, splines", quality, answer["seconds"], wall))
    print("| problem | method chosen | reached | seconds | with start-up |\n|---|---|---|---|---|")
    for title, method, quality, seconds, wall in rows:
        print(f"| {title} | {method} | {quality} | {seconds:.1f} | {wall:.1f} |")
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
