"""The main jobs, end to end, into one folder: a PDE, a photograph from its slopes, a scanned
knot.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]


def knot(n: int = 40_000, seed: int = 0) -> np.ndarray:
    """A noisy scan of a trefoil tube: positions in millimetres and outward normals, (n, 6)."""
    rng = np.random.default_rng(seed)
    s, turn = rng.uniform(0, 2 * np.pi, (2, n))

    def curve(s: np.ndarray) -> np.ndarray:
        r = 2 + np.cos(3 * s)
        return np.stack([r * np.cos(2 * s), r * np.sin(2 * s), np.sin(3 * s)], axis=1)

    h = 1e-4
    tangent = curve(s + h) - curve(s - h)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    across = np.cross(tangent, [0.0, 0.0, 1.0])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    normal = np.cos(turn)[:, None] * across + np.sin(turn)[:, None] * np.cross(tangent, across)
    scan = curve(s) + (0.45 + 0.003 * rng.standard_normal(n))[:, None] * normal
    return np.concatenate([30 * scan, normal], axis=1)


def run(*command: str) -> dict:
    """A command of ours, its progress shown, its JSON result returned."""
    print("$", "siren-pde", *command, flush=True)
    cli = [sys.executable, "-m", "siren_pde", *command, "--json"]
    done = subprocess.run(cli, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main(folder: Path) -> None:
    """Run everything and print each error."""
    folder.mkdir(parents=True, exist_ok=True)
    cloud = folder / "knot.xyz"
    np.savetxt(cloud, knot(), fmt="%.5f")

    poisson = run("solve", "problems/poisson.py", "--out", str(folder / "poisson"))
    print("$", "python problems/poisson_image.py", folder / "photograph", flush=True)
    image = [sys.executable, "problems/poisson_image.py", str(folder / "photograph")]
    photograph = subprocess.run(image, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    mesh = run("sdf", str(cloud), "--out", str(folder / "knot.ply"), "--seconds", "45")

    print(
        f"\nPoisson's equation    relative L² error {poisson['error']:.1e} in "
        f"{poisson['seconds']:.1f} s"
    )
    print(f"photograph            {photograph.stdout.strip()}")
    print(
        f"knot                  scan to mesh {100 * mesh['distance_mean_rel']:.3f} % of the "
        f"diagonal, "
        f"{mesh['components']} component, genus {mesh['genus']}, watertight: {mesh['watertight']}"
    )
    print(f"\nin {folder}/:")
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        print(f"  {file.relative_to(folder)}  ({file.stat().st_size / 1e3:.0f} kB)")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo").resolve())
