"""`fit_sdf` beside its peers, on the same oriented points.

    python benchmarks/sdf.py FOLDER --peers [--seconds 60] [--recipe-seconds 600] [--recipe-batch N]

* The published SIREN recipe (Sitzmann et al., NeurIPS 2020, §4.2, with the weights of their code),
  in plain nested autograd: 3000 |φ| and 100 (1 − cos(∇φ, n)) on the surface, 100 exp(−100 |φ|)
  elsewhere, 50 ||∇φ| − 1| everywhere, all of them means over both; Adam at 1e-4, gradients clipped
  to length 1, ω = 30, uniform points elsewhere. Width and depth are those of `fit_sdf`. Published
  coordinates leave no room around the shape, so those of `fit_sdf` are taken. A batch has the 1,400
  points on the surface that are the default of that code, not the 250,000 of its longest runs.
* Screened Poisson reconstruction (Kazhdan and Hoppe, ACM TOG 2013), which knows no distance, by
  `pymeshlab` (GPL; 280 MB): `pip install -c constraints.txt -e '.[benchmark]'`.

`fit_sdf` is run anew for each share of its seconds, so that every time is one that a user waits.
Times include preparing the points; Poisson's also the mesh.
"""

import inspect
import itertools
import math
from dataclasses import replace

import harness
import numpy as np
import torch
from torch import nn
from torch.nn.functional import cosine_similarity

from siren_pde import Siren, fit_sdf
from siren_pde.cli.sdf_answers import errors
from siren_pde.meshes.metrics import surface_errors
from siren_pde.optimisers.outcome import Outcome
from siren_pde.scans import Mesh
from siren_pde.solving.history import History
from siren_pde.types import Solution

SAMPLES = 100_000
"""Points for every measurement."""
SHARES = (1 / 6, 1 / 3, 2 / 3, 1)
"""Of the seconds given to `fit_sdf`."""
MARKS = (1 / 10, 1)
"""Shares of the recipe's seconds after which it is looked at; looking is not counted."""
COLUMNS = {
    "mean": "{:.4%}",
    "max": "{:.2%}",
    "rmse": "{:.4f}",
    "band": "{:.4f}",
    "components": "{}",
    "steps": "{}",
    "seconds": "{:.1f}",
    "meshed": "{:.1f}",
}
DEFAULTS = {name: p.default for name, p in inspect.signature(fit_sdf).parameters.items()}


class SineNetwork(nn.Module):
    """`depth` sine layers and a linear one, x (n, 3) → (n,), initialised as published."""

    def __init__(self, width, depth):
        super().__init__()
        sizes = itertools.pairwise([3, *[width] * depth, 1])
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in sizes)
        for i, layer in enumerate(self.layers):
            bound = math.sqrt(6 / width) / 30 if i else 1 / 3
            nn.init.uniform_(layer.weight, -bound, bound)

    def forward(self, x):
        """Values (n,)."""
        for layer in self.layers[:-1]:
            x = torch.sin(30 * layer(x))
        return self.layers[-1](x)[:, 0]


def as_siren(phi):
    """The same function as a field of ours."""
    first = phi.layers[0]
    size = {"width": first.out_features, "depth": len(phi.layers) - 1}
    omega = {"frequency": 30.0, "centre": (0.0, 0.0, 0.0), "hidden_frequency": 30.0}
    field = Siren(first.in_features, **size, **omega, dtype=torch.float32)
    with torch.no_grad():
        for ours, theirs in zip(field.parameters(), phi.parameters(), strict=True):
            ours.copy_(theirs)
        field.layers[1] *= 30  # phases stand beside ω x here
    return field


def recipe_loss(phi, on, normals, off):
    x = torch.cat([on, off]).requires_grad_()
    values = phi(x)
    (slopes,) = torch.autograd.grad(values.sum(), x, create_graph=True)
    n = len(on)
    surface = 3e3 * values[:n].abs() + 1e2 * (1 - cosine_similarity(slopes[:n], normals))
    elsewhere = 1e2 * torch.exp(-1e2 * values[n:].abs())
    eikonal = 5e1 * (slopes.norm(dim=1) - 1).abs()
    return torch.cat([surface, elsewhere, eikonal]).sum() / len(x)


def recipe(positions, normals, marks, batch, seed, network):
    """The network and its steps, after each of the seconds in `marks`."""
    torch.manual_seed(seed)
    phi = SineNetwork(network["width"], network["depth"])
    adam = torch.optim.Adam(phi.parameters(), lr=1e-4)
    positions, normals = (torch.as_tensor(a, dtype=torch.float32) for a in (positions, normals))

    def step():
        chosen = torch.randint(len(positions), (batch,))
        off = torch.rand(batch, 3) * 2 - 1
        adam.zero_grad()
        recipe_loss(phi, positions[chosen], normals[chosen], off).backward()
        nn.utils.clip_grad_norm_(phi.parameters(), 1.0)
        adam.step()

    spent, steps = 0.0, 0
    for mark in marks:
        while spent < mark:
            seconds, _ = harness.timed(step)
            spent, steps = spent + seconds, steps + 1
        yield phi, steps, spent


def poisson(positions, normals, depth):
    """The mesh that `pymeshlab` makes of oriented points (n, 3)."""
    import pymeshlab

    scene = pymeshlab.MeshSet()
    scene.add_mesh(pymeshlab.Mesh(positions, v_normals_matrix=normals))
    threads = torch.get_num_threads()
    scene.generate_surface_reconstruction_screened_poisson(depth=depth, threads=threads)
    made = scene.current_mesh()
    return Mesh(made.vertex_matrix(), made.face_matrix())


def of_distance(distance, truth, seed, options):
    """The figures of a signed distance function."""
    meshed, mesh = harness.timed(lambda: distance.mesh(options.resolution))
    off = errors(distance, mesh, truth, seed, samples=SAMPLES)
    return {
        "mean": off.reference_mean / truth.diagonal,
        "max": off.reference_max / truth.diagonal,
        "rmse": off.sdf_rmse / distance.scale,
        "band": off.sdf_rmse_band / distance.scale,
        "components": mesh.components,
        "meshed": meshed,
    }


def rows(cloud, truth, seed, options):
    """One dictionary of figures for each method and time."""
    for share in SHARES:
        choices = {"seconds": share * options.seconds, "seed": seed, **options.network}
        seconds, fitted = harness.timed(lambda choices=choices: fit_sdf(cloud, **choices))
        figures = {"method": "fit_sdf", "seconds": seconds}
        figures["steps"] = fitted.solution.history.steps[-1]
        yield figures | of_distance(fitted, truth, seed, options)
    positions, normals = fitted.cloud.positions, fitted.cloud.normals
    for depth in (7, 8):
        placed = fitted.centre + fitted.scale * positions
        seconds, mesh = harness.timed(lambda x=placed, k=depth: poisson(x, normals, k))
        figures = {"method": f"Poisson {depth}", "seconds": seconds}
        off = surface_errors(mesh, truth, samples=SAMPLES, seed=seed)
        figures |= {"mean": off.chamfer / truth.diagonal, "max": off.hausdorff / truth.diagonal}
        yield figures | {"components": mesh.components}
    marks = np.multiply(MARKS, options.recipe_seconds)
    network = DEFAULTS | options.network
    published = recipe(positions, normals, marks, options.recipe_batch, seed, network)
    for phi, steps, spent in published:
        as_ours = Solution(
            field=as_siren(phi),
            axes=fitted.solution.axes,
            problem=None,
            method="Adam",
            why="as published",
            outcome=Outcome.budget,
            stop_reason="the time is over",
            seconds=spent,
            loss=math.nan,
            history=History(),
        )
        figures = {"method": "SIREN recipe", "seconds": spent, "steps": steps}
        yield figures | of_distance(replace(fitted, solution=as_ours), truth, seed, options)


def compare(name, cloud, truth, seed, options):
    """Print a JSON line per row, then the table and what it says."""
    figures = []
    for row in rows(cloud, truth, seed, options):
        harness.as_json({"name": name, "seed": seed, **row})
        figures.append(row)
    print()
    columns = {
        c: lambda row, c=c, text=text: text.format(row[c]) if c in row else "none"
        for c, text in COLUMNS.items()
    }
    harness.table(figures, {name: lambda row: row["method"]} | columns)
    ours = [row for row in figures if row["method"] == "fit_sdf"]
    published, best = figures[-1], ours[-1]
    sooner = [row["seconds"] for row in ours if row["mean"] <= published["mean"]]
    if sooner:
        times = published["seconds"] / min(sooner)
        print(f"\nfit_sdf is as near after {min(sooner):.1f} s: {times:.1f} times sooner.")
    for row in figures:
        if row["method"].startswith("Poisson"):
            print(f"fit_sdf's mean error / {row['method']}'s: {best['mean'] / row['mean']:.2f}")
