"""Signed distance functions from point clouds, against the meshes the points were taken from.

    python benchmarks/sdf.py FOLDER [--seconds 60] [--seeds 1] [--variant normals] [--only TEXT]
    python benchmarks/sdf.py FOLDER --orientation [--points 100000] [--variant none]

Every mesh in FOLDER (OFF, OBJ; PLY with faces) is sampled at 100,000 points by area; a PLY of
points only is a scan, held to its own points, or to NAME_reference.ply beside NAME_….ply. Variants
of the samples: `normals` gives their normals, `none` does not, `noise` adds 0.5 % of the extent to
every coordinate (normals estimated), `noise-1` 1 %, each with its true normals as `noise-normals`
and `noise-1-normals`, `outliers` replaces 5 % of the points by points anywhere in the padded box.
Of the normals, `inward` turns all, `flipped` one in ten, `half` every other one, at random, and
`random` has others; `offset` has the points in single precision at 10⁷, where a unit is a
thousandth of the extent. Scans keep their normals unless the variant is `none`.
`--orientation` fits nothing: how many normals lead to the wrong side once they have been prepared.

Prints a Markdown table, and a JSON line per case and seed. Means are two-sided, of exact distances
from 100,000 points, as a share of the bounding box's diagonal; the root mean squares of φ − the
exact distance, in the padded box and within 0.1 of the surface, where that box is [−1, 1] along its
longest side. `--steps` bounds the steps instead of the seconds, `--width`, `--depth` and
`--frequency` are those of `fit_sdf`, and `--fast` is its. `eikonal` is the root mean square of
|∇φ| − 1 in the box, away from the medial axis. `--stages` adds a table of seconds, stage by stage.
`--peers` compares it, mesh by mesh, with the published recipe
and with screened Poisson reconstruction: see `sdf_peers.py`.
"""

import itertools
import tempfile
from pathlib import Path

import harness
import numpy as np
import sdf_peers
from scipy.spatial import cKDTree

from siren_pde import PointCloud, fit_sdf, read_points, save
from siren_pde.cli.sdf_answers import errors
from siren_pde.errors import DataFileError
from siren_pde.io.readers import read_mesh
from siren_pde.io.writers import write_mesh
from siren_pde.meshes.metrics import point_triangle_distance
from siren_pde.plots.mesh import plot_mesh
from siren_pde.plots.page import write_page
from siren_pde.scans.inspection import inspect
from siren_pde.scans.prepare import cleaned, deduplicated
from siren_pde.solving.stages import Stages

NETWORK = {"width": int, "depth": int, "frequency": float}
NOISE = {"noise": (0.005, False), "noise-normals": (0.005, True)}
NOISE |= {"noise-1": (0.01, False), "noise-1-normals": (0.01, True)}
"""How much of the extent is added to every coordinate, and whether the true normals are known."""
COLUMNS = {
    "mean": ("{:.4f} %", 100),
    "max": ("{:.2f} %", 100),
    "rmse": ("{:.4f}", 1),
    "band": ("{:.4f}", 1),
    "eikonal": ("{:.3f}", 1),
    "components": ("{}", 1),
    "genus": ("{}", 1),
    "steps": ("{}", 1),
    "fitted": ("{:.1f} s", 1),
    "meshed": ("{:.1f} s", 1),
}


OFFSET, OFFSET_SIZE = 1e7, 1000
"""Where points of single precision are, a unit apart there, and what extent they have."""
FLIPPED = {"inward": 1.0, "flipped": 0.1, "half": 0.5}


def sampled(mesh, variant, seed, points=sdf_peers.SAMPLES):
    """Points of a mesh as a scanner of this kind would give them."""
    rng = np.random.default_rng(seed + 1000)
    x, normals = mesh.sample(points, seed)
    low, high = x.min(0), x.max(0)
    extent = (high - low).max()
    if variant in NOISE:
        level, known = NOISE[variant]
        noisy = x + level * extent * rng.standard_normal(x.shape)
        return PointCloud(noisy, normals=normals if known else None)
    if variant == "outliers":
        outliers = rng.choice(len(x), len(x) // 20, replace=False)
        x[outliers] = rng.uniform(low - extent / 10, high + extent / 10, (len(outliers), 3))
    if variant == "random":
        normals = rng.standard_normal(x.shape)
    if variant == "offset":
        x = (x * (OFFSET_SIZE / extent) + OFFSET).astype(np.float32)
    normals = normals * np.where(rng.random(len(x)) < FLIPPED.get(variant, 0), -1, 1)[:, None]
    return PointCloud(x, normals=None if variant in ("none", "outliers") else normals)


def case(path, variant, seed):
    """The cloud of a file, the mesh it is held to (None: its own points), and how."""
    try:
        mesh = read_mesh(path)
        cloud = sampled(mesh, variant, seed)
        if variant == "offset":
            extent = np.ptp(mesh.sample(sdf_peers.SAMPLES, seed)[0], axis=0).max()
            mesh = mesh.transformed(OFFSET_SIZE / extent, OFFSET)
        return cloud, mesh, "two-sided"
    except DataFileError:
        cloud = read_points(path)
    cloud = PointCloud(cloud.positions) if variant == "none" else cloud
    beside = path.with_name(f"{path.stem.split('_')[0]}_reference.ply")
    return cloud, read_mesh(beside) if beside.exists() else None, "scan"


def measured(path, seed, options):
    """One case and seed: its figures by name."""
    cloud, truth, kind = case(path, options.variant, seed)
    seconds = None if options.steps else options.seconds
    stages = Stages()
    choices = {"seconds": seconds, "steps": options.steps, "seed": seed, "stages": stages}
    choices |= {"fast": options.fast, **options.network}
    fitted, distance = harness.timed(lambda: fit_sdf(cloud, **choices))
    with stages.of("meshing"):
        meshed, mesh = harness.timed(lambda: distance.mesh(options.resolution))
    answer = {"name": path.stem, "variant": options.variant, "seed": seed, **options.network}
    if kind == "two-sided":
        off = errors(distance, mesh, truth, seed, samples=sdf_peers.SAMPLES)
        answer |= {"mean": off.reference_mean / truth.diagonal}
        answer |= {"max": off.reference_max / truth.diagonal}
        answer |= {"rmse": off.sdf_rmse / distance.scale}
        answer |= {"band": off.sdf_rmse_band / distance.scale}
    else:
        x = truth.sample(sdf_peers.SAMPLES, 0)[0] if truth else cloud.positions.double().numpy()
        off = point_triangle_distance(x, mesh) / np.linalg.norm(np.ptp(x, axis=0))
        answer |= {"mean": off.mean(), "max": off.max()}
    shape = {"components": mesh.components, "genus": mesh.genus, "watertight": mesh.is_watertight}
    with stages.of("measuring"):
        found = inspect(distance, mesh, mesh, seed=seed)
    with stages.of("writing"), tempfile.TemporaryDirectory() as folder:
        written(distance, mesh, Path(folder))
    answer |= {"eikonal": found.eikonal_away or np.nan, "stages": stages.seconds}
    steps = distance.solution.history.steps[-1]
    return {**answer, **shape, "steps": steps, "fitted": fitted, "meshed": meshed}


def oriented(path, seed, options):
    """The share of points whose prepared normal is on the other side than the mesh's."""
    mesh = read_mesh(path)
    cloud = sampled(mesh, options.variant, seed, options.points)
    seconds, ready = harness.timed(lambda: cleaned(deduplicated(cloud, seed), seed))
    x, true = mesh.sample(options.points, seed)
    low, high = x.min(0), x.max(0)
    if options.variant == "offset":
        x = x * (OFFSET_SIZE / (high - low).max()) + OFFSET
    near = cKDTree(x).query(ready.positions)[1]
    cosine = np.einsum("nd,nd->n", ready.normals, true[near])
    return {
        "name": path.stem,
        "variant": options.variant,
        "seed": seed,
        "wrong": np.mean(cosine < 0),
        "opposite": np.mean(cosine < -0.5),
        "trust": ready.trust.mean(),
        "trust where wrong": ready.trust[cosine < 0].mean() if (cosine < 0).any() else np.nan,
        "seconds": seconds,
    }


def written(distance, mesh, folder):
    """What `siren-pde sdf` writes."""
    write_mesh(folder / "mesh.ply", mesh, distance.normals(mesh.vertices))
    save(distance, folder / "mesh.h5")
    plot_mesh(mesh, folder / "mesh.png")
    write_page(folder / "mesh.html", distance, mesh, {}, title="mesh")


def shown(name):
    """How a figure stands in the table, where it is known."""
    text, times = COLUMNS[name]

    def show(answer):
        if name not in answer:
            return ""
        return text.format(answer[name] * times if times > 1 else answer[name])

    return show


def taken(name):
    """How the seconds of a stage stand in the table."""
    return lambda answer: f"{answer['stages'].get(name, 0.0):.1f} s"


def parsed():
    parser = harness.parser(__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--resolution", type=int, default=256)
    variants = ["normals", "none", *NOISE, "outliers", *FLIPPED, "random", "offset"]
    parser.add_argument("--variant", choices=variants, default="normals")
    parser.add_argument("--only", default="")
    parser.add_argument("--orientation", action="store_true")
    parser.add_argument("--points", type=int, default=sdf_peers.SAMPLES)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--stages", action="store_true")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--recipe-seconds", type=float, default=600.0)
    parser.add_argument("--recipe-batch", type=int, default=1400)
    for name, kind in NETWORK.items():
        parser.add_argument(f"--{name}", type=kind)
    options = parser.parse_args()
    options.network = {n: v for n in NETWORK if (v := getattr(options, n)) is not None}
    return options


def paths(options):
    for path in sorted(options.folder.iterdir()):
        known = path.suffix.lower() in (".off", ".obj", ".ply", ".xyz")
        if known and options.only in path.stem and not path.stem.endswith("_reference"):
            yield path


def table(options):
    """All files and seeds, one row each."""
    rows = []
    for path, seed in itertools.product(paths(options), range(options.seeds)):
        rows.append(measured(path, seed, options))
        harness.as_json(rows[-1])
    first = {options.variant: lambda answer: f"{answer['name']}, seed {answer['seed']}"}
    harness.table(rows, first | {name: shown(name) for name in COLUMNS})
    if options.stages:
        names = dict.fromkeys(name for row in rows for name in row["stages"])
        harness.table(rows, first | {name: taken(name) for name in names})


def orientations(options):
    """All files and seeds, and how many normals are wrong."""
    for path, seed in itertools.product(paths(options), range(options.seeds)):
        harness.as_json(oriented(path, seed, options))


def peers(options):
    """A table for each mesh and seed."""
    for path, seed in itertools.product(paths(options), range(options.seeds)):
        cloud, truth, kind = case(path, options.variant, seed)
        if kind == "two-sided":
            sdf_peers.compare(path.stem, cloud, truth, seed, options)


if __name__ == "__main__":
    options = parsed()
    harness.prepare(threads=None)
    (orientations if options.orientation else peers if options.peers else table)(options)
