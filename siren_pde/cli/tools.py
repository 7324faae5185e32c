"""The words of three commands: answers for other programs, many runs of one problem, and suites."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from siren_pde.cli.options import Effort, Json, Setting, ended, explained

PATIENCE = 15.0
"""Seconds that a sweep may take to end: its members end first, in less than ten."""


def export(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or its results.h5.")],
    to: Annotated[
        Path, typer.Option(help="The file to write: .vtu .vti .vts .npz .nc .pt2 or .onnx.")
    ],
    derivatives: Annotated[
        str, typer.Option(help="Derivatives besides the values, such as u_x,u_xt,lap_u,grad_u.")
    ] = "",
    resolution: Annotated[
        int | None, typer.Option(min=1, help="Cells along the longest side of a grid.")
    ] = None,
    instants: Annotated[
        int | None, typer.Option(min=1, help="Instants of a solution in time.")
    ] = None,
    at: Annotated[str, typer.Option(help="Coordinates held fixed, such as t=0.5,z=0.")] = "",
    complex_unknowns: Annotated[
        str, typer.Option("--complex", help="Unknowns whose outputs are real and imaginary parts.")
    ] = "",
    json: Json = False,
) -> None:
    """Write a solution for ParaView, NumPy, xarray, torch or ONNX; in time, a series.

    Open the .pvd beside the files of a series in ParaView.
    """
    with explained():
        from siren_pde.cli import export as command

        text = command.run(
            run,
            to,
            derivatives=derivatives,
            resolution=resolution,
            instants=instants,
            at=at,
            complex_unknowns=complex_unknowns,
            json=json,
        )
        typer.echo(text)


def outcome(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")], json: Json = False
) -> None:
    """Say how a run has ended, and end with the exit code of that.

    The codes are those of `solve`, also of runs by torchrun, whose own is 0 for every end; 1 stands
    for a run that failed, is under way, or was killed.
    """
    with explained():
        from siren_pde.cli import outcome as command

        text, code = command.run(run, json=json)
        typer.echo(text)
    raise typer.Exit(code)


def sweep(
    file: Annotated[Path, typer.Argument(help="A Python file with `problem = Problem(…)`.")],
    settings: Setting = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds 0, 1, … for each value.")] = 1,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Members at once; left out, one for each core.")
    ] = None,
    method: Annotated[str | None, typer.Option(help="How, as for `solve`.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Most steps of each member.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Most seconds of each member.")] = None,
    target: Annotated[float | None, typer.Option(help="Stop a member at this loss.")] = None,
    estimate: Annotated[
        Effort, typer.Option(help="What to spend on error bars, as for `solve`.")
    ] = Effort.quick,
    out: Annotated[
        Path | None, typer.Option(help="Folder for all runs; left out, runs/NAME.")
    ] = None,
    executor: Annotated[
        str, typer.Option(help="local, or slurm for the jobs of a cluster.")
    ] = "local",
    force: Annotated[bool, typer.Option("--force", help="Do again what has ended before.")] = False,
    json: Json = False,
) -> None:
    """Solve a problem for several values and seeds: `--set nu=0.1,0.01 --seeds 3`.

    Every combination is a run in its own folder and process. What has ended is not done again, and
    what was interrupted goes on, when the same command is given anew. In the end there are
    sweep.json, sweep.csv and a page, sweep.html. The exit code is 0 if all converged, else 1.
    """
    limits = {"steps": steps, "seconds": seconds, "target": target}
    with explained(PATIENCE) as signals:
        from siren_pde.cli import sweep as command

        given = command.Options(
            file=file,
            settings=settings or [],
            seeds=seeds,
            jobs=jobs,
            method=method,
            limits={name: value for name, value in limits.items() if value is not None},
            estimate=estimate.value,
            out=out,
            executor=executor,
            force=force,
        )
        end = ended(*command.run(given, json=json), signals)
    raise end


def bench(
    suite: Annotated[
        str,
        typer.Argument(
            help="quick, pde, speed, scaling or sdf; a TOML file; a folder of problem files."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for all runs; left out, runs/bench/SUITE.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Seeds 0, 1, …; left out, the suite's own, or 3.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Cells at once; left out, one for each core.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this problem, field or method, or a pattern.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="Most seconds of each cell, in place of the suite's.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The folder of meshes and scans that `sdf` measures.")
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(help="The folder of an earlier run: what has become worse?")
    ] = None,
    peers: Annotated[
        bool, typer.Option("--peers", help="Solvers of others beside ours: see docs/suites.md.")
    ] = False,
    peer: Annotated[
        list[str] | None, typer.Option(help="Only this one; may be given several times.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Do again what has ended before.")] = False,
    json: Json = False,
) -> None:
    """Run a suite of benchmarks: every problem, field, method and seed in a process of its own.

    What has ended is not done again, and what was interrupted goes on, when the same command is
    given anew. Results are added to results.jsonl, one line for each cell; index.html shows them.
    The exit code is 0 if every cell ended with a result, else 1.
    """
    with explained(PATIENCE) as signals:
        from siren_pde.cli import bench as command

        given = command.Options(
            suite=suite,
            out=out,
            seeds=seeds,
            jobs=jobs,
            only=only or [],
            budget=budget,
            data=data,
            compare=compare,
            force=force,
            peers=peer or [] if peers or peer else None,
        )
        end = ended(*command.run(given, json=json), signals)
    raise end
