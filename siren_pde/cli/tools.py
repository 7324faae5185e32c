"""The words of two commands: answers for other programs, and many runs of one problem."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from siren_pde.cli.options import Json, explained


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
