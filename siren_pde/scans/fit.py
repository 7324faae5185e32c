"""From a point cloud to a signed distance function: pseudo-distances first, fitted by a sine
network.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from siren_pde.calculus.jets import Jet
from siren_pde.calculus.operators import grad
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.domains.box import Box
from siren_pde.domains.cloud import PointCloud
from siren_pde.fields.siren import Siren
from siren_pde.numerics.checked import require_seed
from siren_pde.numerics.precision import Precision
from siren_pde.numerics.schedule import Schedule
from siren_pde.optimisers.adam import Adam
from siren_pde.optimisers.outcome import Outcome
from siren_pde.problem import Problem, on
from siren_pde.processes.launched import require_alone
from siren_pde.scans.callback import with_data_residual
from siren_pde.scans.given_normals import Orientation, known_orientation
from siren_pde.scans.inspection import BAND
from siren_pde.scans.interior_points import interior
from siren_pde.scans.open_surfaces import on_given_side, with_rim
from siren_pde.scans.oriented_cloud import OrientedCloud
from siren_pde.scans.prepare import cleaned, deduplicated
from siren_pde.scans.redistanced import redistanced
from siren_pde.scans.refine import NARROW, WIDE, refined
from siren_pde.scans.regularisers import Regulariser, robust
from siren_pde.scans.samples import training_samples
from siren_pde.scans.signed_distance import SignedDistance
from siren_pde.solving.report import Budget, Callback, Every
from siren_pde.solving.solve import Place, solve
from siren_pde.solving.stages import Stages

Floats = npt.NDArray[np.float64]

MARGIN = 1.2
"""The padded box is this much larger than the cloud's bounding box."""
RATE, SETTLING, WIDTH = 1e-3, 600, 192
"""Of Adam, for hidden layers so wide. Wider ones drift away at this rate, and these do in thousands
of steps, until the field is zero: so it falls with the width, and settles. In the end it is zero,
so that the noise of the last gradients is averaged away. Measured by benchmarks/sdf.py on the
armadillo and the elephant.
"""
FAST_WIDTH, FAST_FREQUENCY, FAST_STEPS, FAST_DENSITY = 64, 10.0, 400, 0.5
"""The network of a fast fit, steps of Adam, and the share of the samples: splines do the rest, and
what they do not resolve must not be there. By benchmarks/sdf.py, surfaces of 300 to 500 steps are
equally near, but of 300 the camel is in two parts.
"""
REFINING, REDISTANCING = 2.0, 3.8
"""Time that these take, beside that of sampling, with 100,000 points."""
TRAINING, FAST_TRAINING = 0.1, 0.25
"""The least share of the seconds that training gets: splines make up for what it leaves over, most
of all if exact distances come after.
"""


def fit_sdf(
    cloud: PointCloud,
    *,
    seconds: float | None = 30.0,
    steps: int | None = None,
    seed: int = 0,
    width: int = WIDTH,
    depth: int = 3,
    frequency: float = 30.0,
    regularisers: Sequence[Regulariser] = (),
    refine: bool = True,
    fast: bool = False,
    is_open: bool | None = None,
    orientation: Orientation = "auto",
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    precision: Precision = "float32",
    callbacks: Sequence[Callback] = (),
    quiet: bool = True,
    run: Place | None = None,
    checkpoint_every: Every | None = None,
    resume: Place | None = None,
    stages: Stages | None = None,
    afterwards: float = 0.0,
) -> SignedDistance:
    """Fit a signed distance function to a point cloud in three dimensions.

    The network is trained on the cloud's own pseudo-distances (`OrientedCloud`) at samples along
    its normals and in the whole padded box, and on its positions and normals. What it leaves over
    is added on grids of splines, see `refined`, unless `refine` is False or there are
    `regularisers`: further residuals of the network, such as `Eikonal()`, each with its weight.
    The cloud is `cleaned` first: noise is smoothed, normals that are missing are estimated, and
    given ones `checked` unless `orientation` is "given" or "inward". `frequency` is ω of all
    layers, in radians per half-length of the box.

    Points of an open surface, such as terrain, are noticed (`looks_open`), unless `is_open` says
    what they are. Its distance has signs beside it only, and its mesh ends where its points do; a
    surface with one side, a Möbius band, has a distance without sign.

    Away from a closed surface, φ becomes the exact distance to its mesh, see `redistanced`. With
    `fast` it does not, and a small network takes `FAST_STEPS` at most: the surface of 100,000 clean
    points is as near in a third of the time.

    `seconds` includes preparing, refining and redistancing, about fifteen for 100,000 points on two
    cores, but training gets at least a tenth of it, a quarter where φ is not redistanced; `steps`
    bounds the steps of Adam. What comes after training is said on stderr unless `quiet`, and the
    seconds of all stages go to `stages`; `afterwards` is the time that the caller needs later out
    of `seconds`, as a multiple of that of sampling. `callbacks` get, among the terms of their
    reports, the data residual: how far the points are from the surface.

    `precision` is that of `Adam`: on a GPU, "bf16" trains faster, and less accurately.

    `run`, `checkpoint_every` and `resume` are as for `solve`: the training is written to a folder,
    and goes on from there with the time that it had left; what comes before and after it is done
    again. Where it is interrupted, nothing comes after.

    Repeated points count once, and of very many some are drawn: see `deduplicated`, which also
    raises DataFileError for clouds that cannot be a surface. Points in slits too narrow to be
    resolved are left out: see `interior`.
    """
    require_alone("`fit_sdf`", "Call it in one process.")
    started, stages = time.monotonic(), stages or Stages(quiet=quiet)
    require_seed(seed)
    known_orientation(orientation)
    Budget(seconds=seconds, steps=steps)  # before anything is computed
    goes_on = resume is not None and steps is None  # with the budget that it had
    if fast:
        width, frequency = min(width, FAST_WIDTH), min(frequency, FAST_FREQUENCY)
        steps = min(steps or FAST_STEPS, FAST_STEPS)
    with stages.of("preparing"):
        scan = deduplicated(cloud, seed)
        if orientation == "inward" and scan.normals is not None:  # said once, for all that follows
            scan = PointCloud(scan.positions, normals=-scan.normals, axes=scan.axes)
            orientation = "given"
        clean = cleaned(scan, seed, orientation)
        centre, scale, half = _frame(clean.positions)
        noise, trust = None if clean.noise is None else clean.noise / scale, clean.trust
        oriented = OrientedCloud((clean.positions - centre) / scale, clean.normals, noise=noise)
        oriented = with_rim(oriented, scan, is_open=is_open, seed=seed)
        mended = np.einsum("nd,nd->n", oriented.normals, clean.normals) < 0
        trust = np.where(mended, 1.0, trust)
        if oriented.rim is not None:
            oriented = on_given_side(oriented, clean.positions, scan)
        elif not (kept := _without_interior(oriented)).all():
            oriented, trust = oriented.part(kept), trust[kept]
    refine = refine and not regularisers
    exact = refine and not (fast or oriented.rim)
    with stages.of("sampling"):
        samples, distances = training_samples(oriented, half, seed, FAST_DENSITY if fast else 1.0)
    refining = stages.times(REFINING, "sampling") if refine else 0.0
    redistancing = stages.times(REDISTANCING, "sampling") if exact else 0.0
    problem = sdf_problem(oriented, samples, distances, half, regularisers, trust=trust)
    rate = Schedule((0, RATE * min(WIDTH / width, 1)), (1, 0))
    later = refining + redistancing + stages.times(afterwards, "sampling")
    spent = time.monotonic() - started + later
    left = None if seconds is None else max(seconds - spent, _least(seconds, exact))
    budget = Budget(seconds=left, steps=steps)
    with stages.of("training"):
        solution = solve(
            problem,
            _field(width, depth, frequency, seed),
            Adam(rate=rate, warmup=50, settling=SETTLING, precision=precision),
            budget=None if goes_on else budget,
            device=device,
            dtype=dtype,
            seed=seed,
            callbacks=[with_data_residual(each, oriented, scale) for each in callbacks],
            estimate="none",
            quiet=True,
            run=run,
            checkpoint_every=checkpoint_every,
            resume=resume,
        )
    if solution.outcome is Outcome.interrupted:
        return SignedDistance(solution, centre, scale, half, oriented)
    if refine:
        text = "what the network leaves over goes into splines"
        with stages.of("refining", text, refining):
            (network,) = solution.field.networks().values()
            reach = NARROW if exact or fast else WIDE
            finer = refined(network, oriented, half, samples, distances, seed=seed, reach=reach)
            solution = replace(solution, field=finer)
    distance = SignedDistance(solution, centre, scale, half, oriented)
    if not exact:
        return distance
    with stages.of("redistancing", "away from the surface, distances become exact", redistancing):
        return redistanced(distance)


def _least(seconds: float, exact: bool) -> float:
    """What training gets of so many seconds at least, and that is a second of short ones."""
    most = FAST_TRAINING * seconds
    return min(most, max(TRAINING * seconds, 1.0)) if exact else most


def _field(width: int, depth: int, frequency: float, seed: int) -> Siren:
    return Siren(
        3,
        width=width,
        depth=depth,
        frequency=frequency / 3,
        centre=(0.0, 0.0, 0.0),
        hidden_frequency=frequency,
        seed=seed,
    )


def sdf_problem(
    oriented: OrientedCloud,
    samples: Floats,
    distances: Floats,
    half: Floats,
    regularisers: Sequence[Regulariser] = (),
    trust: Floats | None = None,
) -> Problem:
    """The conditions of the fit, in coordinates where the padded box lies in [−1, 1]³.

    `trust` (n,) in 0…1 is what each normal of the cloud counts; without, all count.
    """
    trust = np.ones(len(oriented.positions)) if trust is None else trust

    @on(PointCloud(samples, distance=distances), points=1024)
    def distance(p: Points, u: Jet) -> Jet:
        return robust(u - p.distance, 2e-3)

    @on(PointCloud(oriented.positions, normals=oriented.normals, trust=trust), points=256)
    def surface(p: Points, u: Jet) -> Vector:
        if not oriented.has_sides:  # no gradient either
            return Vector([robust(u, 2e-3)])
        along = (grad(u) - p.normal) * p.trust
        return Vector([robust(u, 2e-3), *along * 0.2])

    box = Box(**{axis: (-h, h) for axis, h in zip("xyz", half.tolist(), strict=True)})
    band = PointCloud(samples[np.abs(distances) < BAND])
    further = (
        on(band if each.near else box, weight=each.weight, points=1024)(each)
        for each in regularisers
    )
    return Problem(distance, surface, *further, name="signed distance")


def _without_interior(cloud: OrientedCloud) -> npt.NDArray[np.bool_]:
    """Which points (n,) have no body on both sides; all, if none has."""
    inside = interior(cloud)
    return np.asarray(~inside | inside.all())


def _frame(positions: Floats) -> tuple[Floats, float, Floats]:
    low, high = positions.min(0), positions.max(0)
    extent = float((high - low).max())
    scale = MARGIN * extent / 2
    half = (high - low) / 2 / scale + (MARGIN - 1) / MARGIN
    return (low + high) / 2, scale, half
