"""What the command line says when something goes wrong: one message, and no traceback."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

import typer
from typer.core import TyperGroup

from siren_pde.errors import InputWarning, SirenPDEError

REPORTS = "https://github.com/siren-pde/siren_pde/issues"
_USAGE: type[Exception] = cast("type[Exception]", typer.BadParameter.__mro__[2])
"""What click raises for wrong options and shows itself: some versions of typer bring their own."""
OPTION, VARIABLE = "--traceback", "SIREN_PDE_TRACEBACK"


class Explaining(TyperGroup):
    """Commands whose failures are explained; `--traceback` may stand anywhere among the words."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options of all commands."""
        end = args.index("--") if "--" in args else len(args)
        ctx.meta[OPTION] = OPTION in args[:end]
        return TyperGroup.parse_args(self, ctx, [a for a in args[:end] if a != OPTION] + args[end:])

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with explained(shown=ctx.meta[OPTION] or bool(os.environ.get(VARIABLE))):
            return TyperGroup.invoke(self, ctx)


@contextmanager
def explained(shown: bool = False) -> Iterator[None]:
    """End with exit code 2 and the message of a mistake the user can mend, and with 1 where the
    mistake is ours; the traceback is `shown` where it is asked for.

    Warnings are said as what is being done is.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", InputWarning)
            warnings.showwarning = _said
            yield
    except (typer.Exit, typer.Abort, _USAGE, BrokenPipeError):
        raise
    except SirenPDEError as error:
        _show(error, shown)
        lines = [f"{type(error).__name__}: {error} [{error.code}]"]
        typer.secho("\n".join([*lines, *getattr(error, "__notes__", ())]), fg="red", err=True)
        raise typer.Exit(2) from error
    except Exception as error:
        _show(error, shown)
        what = " ".join(f"{type(error).__name__}: {error}".split())[:500].rstrip(".")
        again = f"Please report it at {REPORTS}"
        advice = f"{again}." if shown else f"{again}, with what `{OPTION}` shows."
        typer.secho(f"siren-pde failed unexpectedly: {what}. {advice}", fg="red", err=True)
        raise typer.Exit(1) from error


def _show(error: Exception, shown: bool) -> None:
    if shown:
        traceback.print_exception(error, file=sys.stderr)


def _said(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    print(f"siren_pde: {message}", file=file or sys.stderr)
