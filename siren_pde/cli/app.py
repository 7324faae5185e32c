"""The command line, `siren-pde`: options are read here, and the work is done beside it."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from siren_pde.cli.explaining import OPTION, VARIABLE, Explaining
from siren_pde.cli.methods import SHORT
from siren_pde.cli.options import (
    Device,
    Dtype,
    Effort,
    Json,
    Often,
    Openness,
    Orientation,
    Patience,
    Products,
    Seed,
    Setting,
    Threads,
    ended,
    explained,
    require_shareable,
)
from siren_pde.cli.tools import bench, export, sweep

app = typer.Typer(
    help="Solve differential equations with sine networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    cls=Explaining,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"siren-pde {version('siren-pde')}")
        raise typer.Exit


@app.callback()
def main(
    command: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    traceback: Annotated[
        bool,
        typer.Option(
            OPTION,
            help=f"Show where a failure comes from; may stand anywhere, as may {VARIABLE}=1.",
        ),
    ] = False,
) -> None:
    """Solve differential equations with sine networks."""
    require_shareable(command.invoked_subcommand)


@app.command()
def solve(
    file: Annotated[Path, typer.Argument(help="A Python file with `problem = Problem(…)`.")],
    method: Annotated[
        str | None,
        typer.Option(
            help=f"How: {', '.join(SHORT)}, or `package.module:Name`, a Method of your own; with "
            "options, `Adam(rate=1e-3)`. Left out, the file's own or a measured choice."
        ),
    ] = None,
    width: Annotated[int | None, typer.Option(min=1, help="Neurons per layer.")] = None,
    depth: Annotated[int | None, typer.Option(min=1, help="Sine layers.")] = None,
    frequency: Annotated[
        float | None, typer.Option(help="Highest frequency to start with, radians per unit length.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Most steps of the method.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Most seconds.")] = None,
    target: Annotated[float | None, typer.Option(help="Stop at this loss.")] = None,
    seed: Seed = 0,
    device: Device = "cpu",
    dtype: Dtype = None,
    threads: Threads = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; left out, runs/NAME.")
    ] = None,
    estimate: Annotated[
        Effort,
        typer.Option(help="What to spend on the error bar: careful takes as long as the solve."),
    ] = Effort.quick,
    checkpoint_every: Often = None,
    assigned: Setting = None,
    process_timeout: Patience = 300.0,
    json: Json = False,
) -> None:
    """Solve the problem in a Python file; write results.h5, field.png and history.png.

    All of it goes to a folder, with a manifest, the course of the solve and checkpoints: Ctrl-C and
    SIGTERM leave what was reached, and `siren-pde resume FOLDER` goes on.

    The exit code says how it ended: 0 converged, 3 budget used up, 4 stagnated, 5 unresolved, 6 not
    finite, 7 impossible, 8 ill-posed, 130 interrupted; 2 is a mistake in what was given.

    `torchrun --nproc-per-node N -m siren_pde solve FILE` shares it among N processes; 0 is any end
    then.
    """
    network = {"width": width, "depth": depth, "frequency": frequency}
    limits = {"steps": steps, "seconds": seconds, "target": target}
    with explained() as signals:
        from siren_pde.cli import solve as command
        from siren_pde.cli.assigning import single
        from siren_pde.cli.machine import Machine
        from siren_pde.cli.resume import every_named

        given = command.Arguments(
            file,
            Machine(seed, device, None if dtype is None else dtype.value, threads),
            method=method,
            network={name: value for name, value in network.items() if value is not None},
            limits={name: value for name, value in limits.items() if value is not None},
            estimate=estimate.value,
            every=every_named(checkpoint_every),
            assigned=single(assigned or []),
        )
        shown = command.run(given, out=out, json=json, timeout=process_timeout)
        end = ended(*shown, signals)
    raise end


@app.command()
def resume(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    steps: Annotated[int | None, typer.Option(min=1, help="Most steps, in all.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Most seconds, in all.")] = None,
    checkpoint_every: Often = None,
    process_timeout: Patience = 300.0,
    json: Json = False,
) -> None:
    """Go on with a run that was stopped, killed, or used up its budget.

    Everything else is as the run was given it. It goes on as if it had never stopped. The exit code
    is that of `solve`; 0 if the run had ended before.
    """
    limits = {"steps": steps, "seconds": seconds}
    with explained() as signals:
        from siren_pde.cli import resume as command

        given = {name: value for name, value in limits.items() if value is not None}
        every = command.every_named(checkpoint_every)
        shown = command.run(run, limits=given, every=every, json=json, timeout=process_timeout)
        end = ended(*shown, signals)
    raise end


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="The folder of a run, finished or not.")],
    out: Annotated[
        Path | None, typer.Option(help="The page to write; left out, report.html in the folder.")
    ] = None,
) -> None:
    """Write the page of a run: what was solved, how it went and ended, and what to try next.

    It is one HTML file that needs no network. No code of the run is executed for it.
    """
    with explained():
        from siren_pde.cli import report as command

        typer.echo(command.run(run, out))


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="The folders of two runs or more.")],
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("compare.html"),
    json: Json = False,
) -> None:
    """Put runs side by side: what they differ in, curves, errors, seconds and pictures."""
    with explained():
        from siren_pde.cli import compare as command

        typer.echo(command.run(runs, out, json=json))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A Python file with `problem = Problem(…)`.")],
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Say what a problem lacks or contradicts, without solving it; exit with 1 if it has errors."""
    with explained():
        from siren_pde.cli import check as command

        text, code = command.run(file, seed=seed, json=json)
        typer.echo(text)
    raise typer.Exit(code)


@app.command()
def sdf(
    points: Annotated[
        Path,
        typer.Argument(
            help="Points: PLY, PCD, PTS, XYZ, CSV, OBJ, OFF, STL, NPY, NPZ, MAT, LAS, E57, GLB …"
        ),
    ],
    out: Annotated[Path, typer.Option(help="The mesh to write: .ply, .obj or .stl.")],
    columns: Annotated[
        str | None,
        typer.Option(
            help="What the columns of the file are, as in x,y,z,nx,ny,nz,_,r,g,b; left out, by "
            "their names or by what they hold."
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(help="Time for the fit.")] = 30.0,
    resolution: Annotated[
        int | None,
        typer.Option(min=2, help="Cells along the longest side; left out, 256, with `--fast` 192."),
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="A mesh in a third of the time; φ errs more elsewhere.")
    ] = False,
    reference: Annotated[
        Path | None, typer.Option(help="A mesh of the true surface, to measure errors against.")
    ] = None,
    smooth: Annotated[
        bool, typer.Option("--smooth", help="The network alone, which smooths noise of the scan.")
    ] = False,
    keep_largest: Annotated[
        bool, typer.Option("--keep-largest", help="Keep the largest connected piece only.")
    ] = False,
    is_open: Annotated[
        Openness,
        typer.Option(
            "--open", help="Whether the surface is open, its mesh to end where the points do."
        ),
    ] = Openness.auto,
    orientation: Annotated[
        Orientation,
        typer.Option(help="What given normals are: auto looks, given keeps, inward turns them."),
    ] = Orientation.auto,
    simplify: Annotated[
        int | None, typer.Option(min=4, help="Most triangles of the mesh; left out, all.")
    ] = None,
    volume: Annotated[
        Path | None, typer.Option(help="Write the distance on a grid, too: .vti for ParaView.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Folder of the run; left out, OUT with .run at its end.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over files that no earlier run has left there.")
    ] = False,
    seed: Seed = 0,
    device: Device = "cpu",
    dtype: Dtype = None,
    precision: Products = "float32",
    threads: Threads = None,
    checkpoint_every: Often = None,
    json: Json = False,
) -> None:
    """Fit a signed distance function to points; write the mesh of its surface.

    Beside it come the function (.h5), views (.png), a page (.html), and the run (.run) to resume.
    """
    with explained() as signals:
        from siren_pde.cli import sdf as command
        from siren_pde.cli.machine import Machine
        from siren_pde.cli.resume import every_named
        from siren_pde.numerics.precision import known_precision
        from siren_pde.scans.given_normals import known_orientation

        given = command.Arguments(
            points=points,
            out=out,
            machine=Machine(seed, device, None if dtype is None else dtype.value, threads),
            seconds=seconds,
            resolution=resolution or (command.FAST if fast else command.RESOLUTION),
            fast=fast,
            precision=known_precision(precision),
            reference=reference,
            smooth=smooth,
            keep_largest=keep_largest,
            orientation=known_orientation(orientation),
            simplify=simplify,
            volume=volume,
            columns=columns,
            is_open=is_open.known,
        )
        every = every_named(checkpoint_every)
        end = ended(*command.run(given, place=run, every=every, force=force, json=json), signals)
    raise end


app.command()(export)
app.command()(sweep)
app.command()(bench)
