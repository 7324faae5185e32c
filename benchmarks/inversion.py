"""The medium that problems/helmholtz_inverse.py finds, tried by an independent method.

    python benchmarks/inversion.py [FILE.mat] [--seed N]

solves the problem file for the survey in FILE, or for its own ones around a disk, and prints a JSON
line: seconds, the centre of m − 1 and its share of the true contrast (a disk in which waves are
twice as fast, m = 1/4), and the misfit of the scattered field relative to that of an empty medium,
once of the waves that were fitted together with m (`fitted`), once of those which m would really
scatter (`simulated`): solutions of the Lippmann-Schwinger equation u = g + k² G ∗ (m − 1) u on
grids of two sizes (Colton & Kress, Inverse Acoustic and Electromagnetic Scattering Theory, § 8.2),
without the network, layers or least squares.
"""

import runpy
import sys
from pathlib import Path

import harness
import numpy as np
from scipy.fft import fft2, ifft2
from scipy.sparse.linalg import LinearOperator, gmres
from scipy.special import hankel2

from siren_pde import solve

PROBLEM = Path(__file__).parents[1] / "problems" / "helmholtz_inverse.py"
HALF = 0.75
"""Half of the width of the square outside of which m is 1."""
SIZES = (120, 240)


def scattered(m, survey, size):
    """What the medium m(x) scatters to the receivers (r, s), on a grid of size² cells.

    The midpoint rule; the mean of the kernel over a disk of a cell's area stands for its pole.
    """
    h, k = 2 * HALF / size, survey.k
    ticks = h * (np.arange(size) + 0.5) - HALF
    x = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), -1).reshape(-1, 2)
    contrast = h**2 * k**2 * (m(x) - 1)

    apart = h * np.minimum(np.arange(2 * size), 2 * size - np.arange(2 * size))
    far = np.hypot(apart[:, None], apart[None])
    far[0, 0] = 1.0
    kernel = -0.25j * hankel2(0, k * far)
    radius = h / np.sqrt(np.pi)
    disk = radius * hankel2(1, k * radius) / k - 2j / (np.pi * k**2)
    kernel[0, 0] = -0.25j * 2 * np.pi / h**2 * disk
    spectrum = fft2(kernel)

    def convolved(u):
        padded = (contrast * u).reshape(size, size)
        return ifft2(spectrum * fft2(padded, (2 * size, 2 * size)))[:size, :size].ravel()

    whole = LinearOperator((size**2,) * 2, lambda u: u - convolved(u), dtype=complex)
    to_receivers = -0.25j * hankel2(0, k * distances(survey.receivers, x))
    fields = []
    for source in survey.sources:
        incident = -0.25j * survey.strength * hankel2(0, k * distances(x, source[None])[:, 0])
        u, failed = gmres(whole, incident, rtol=1e-8, restart=60, maxiter=20)
        if failed:
            raise RuntimeError("the waves in the medium were not found to 1e-8.")
        fields.append(to_receivers @ (contrast * u))
    return np.stack(fields, 1)


def distances(a, b):
    return np.linalg.norm(a[:, None] - b[None], axis=2)


def misfit(simulated, survey):
    parts = survey.cloud.data["scattered"].numpy().reshape(len(survey.receivers), -1, 2)
    truth = parts[..., 0] + 1j * parts[..., 1]
    return float(np.linalg.norm(simulated - truth) / np.linalg.norm(truth))


def main():
    parser = harness.parser(__doc__)
    parser.add_argument("file", nargs="?")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sys.argv = [str(PROBLEM), *([options.file] if options.file else [])]
    names = runpy.run_path(str(PROBLEM))
    survey = names["survey"]
    choices = (names["problem"], names["field"], names["method"])
    seconds, solution = harness.timed(lambda: solve(*choices, seed=options.seed))

    def m(x):
        return solution.evaluate(lambda p, m, v: m, x).double().numpy()

    ticks = np.linspace(-HALF, HALF, 151)
    x = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), -1).reshape(-1, 2)
    inner = x[m(x) < 1 + (m(x).min() - 1) / 2]
    figures = {
        "seconds": round(seconds, 1),
        "centre": inner.mean(0).round(4).tolist(),
        "contrast": float((m(x[np.hypot(*x.T) < 0.1]).mean() - 1) / (1 / 4 - 1)),
        "fitted": survey.misfit(solution),
        "simulated": [misfit(scattered(m, survey, size), survey) for size in SIZES],
    }
    harness.as_json(figures)


if __name__ == "__main__":
    main()
