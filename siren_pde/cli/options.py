"""What commands share: options with their words, and how their ends are told to the shell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer

from siren_pde.processes.launched import require_alone
from siren_pde.runs.signals import PATIENCE, Signals, Stopped, caught


class Precision(StrEnum):
    """The precisions by name."""

    float32 = "float32"
    float64 = "float64"


class Effort(StrEnum):
    """How much is spent on the estimate of the error."""

    none = "none"
    quick = "quick"
    careful = "careful"


class Openness(StrEnum):
    """Whether a surface is open: as its points say, or as the user does."""

    auto = "auto"
    yes = "yes"
    no = "no"

    @property
    def known(self) -> bool | None:
        """The answer, None for leaving it to the points."""
        return {"yes": True, "no": False}.get(self.value)


class Orientation(StrEnum):
    """What the normals of a scan are, as `siren_pde.scans.given_normals` names it."""

    auto = "auto"
    given = "given"
    inward = "inward"


Seed = Annotated[int, typer.Option(help="Makes everything reproducible.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:1 …")]
Dtype = Annotated[
    Precision | None, typer.Option(help="Precision; left out, the one that suits the method.")
]
Products = Annotated[
    str,
    typer.Option(
        "--precision",
        help="Of products in training: float32, or less of it, for GPUs: tf32 or bf16.",
    ),
]
Threads = Annotated[int | None, typer.Option(min=1, help="CPU threads to use.")]
Often = Annotated[
    str | None,
    typer.Option(
        "--checkpoint-every", help="Steps, as 100, or seconds, as 30s, between two checkpoints."
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object as the last line instead of a table.")
]
Patience = Annotated[
    float,
    typer.Option(
        "--process-timeout",
        help="Seconds that the processes of a torchrun wait for each other.",
    ),
]
Setting = Annotated[
    list[str] | None,
    typer.Option("--set", help="Other values of a name in the file, such as nu=0.1."),
]


SHARED = ("solve", "resume")
"""The commands that several processes of a torchrun share."""


def require_shareable(command: str | None) -> None:
    """Raise ConfigError for a command of one process, where torchrun has started several."""
    if command not in SHARED:
        instead = f"Start it without torchrun, or one of: {', '.join(SHARED)}."
        require_alone(f"`siren-pde {command}`", instead)


@contextmanager
def explained(patience: float = PATIENCE) -> Iterator[Signals]:
    """End as shells expect it where a signal has come; failures are explained by the group."""
    try:
        with caught(patience) as signals:
            yield signals
    except Stopped as stop:
        typer.echo("siren_pde: stopped", err=True)
        raise typer.Exit(stop.code) from stop


def ended(text: str, code: int, signals: Signals) -> typer.Exit:
    """Say what came out, if anything, and how it ended: where a signal has come, by that."""
    if text:
        typer.echo(text)
    return typer.Exit(code if signals.received is None else 128 + signals.received)
