"""A user's Python file as the statement of a problem, and of how to solve it."""

from __future__ import annotations

import importlib.util
import sys
import tokenize
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from siren_pde.cli.assigning import reassigned
from siren_pde.cli.importing import beside
from siren_pde.collocation.quadrature import Quadrature
from siren_pde.errors import ConfigError, DataFileError, SirenPDEError
from siren_pde.fields.base import Field
from siren_pde.files.literals import Literal
from siren_pde.optimisers.base import Method
from siren_pde.problem import Problem
from siren_pde.solving.report import Budget

SHOWN = 12
"""How many of the last lines of a traceback are shown."""


@dataclass(frozen=True)
class Script:
    """What a file defines: a problem, and where present its own choices of how to solve it."""

    problem: Problem
    field: Field | nn.Module | None
    method: Method[Any] | None
    quadrature: Quadrature | None
    budget: Budget | None


def read_script(path: Path, values: Mapping[str, Literal] | None = None) -> Script:
    """Run a Python file and take its `problem`, `field`, `method`, `quadrature` and `budget`.

    `values` take the place of those that it assigns to names at its top level. If no variable is
    called `problem`, the only Problem the file defines is taken. Variables of other types than
    meant are the file's own business. Raises DataFileError, with the last lines of the traceback,
    if the file cannot be run; ConfigError if it defines no problem, or several.
    """
    variables = vars(_run(path, values or {}))
    field, method = variables.get("field"), variables.get("method")
    quadrature, budget = variables.get("quadrature"), variables.get("budget")
    return Script(
        problem=_problem(path, variables),
        field=field if isinstance(field, Field | nn.Module) else None,
        method=method if isinstance(method, Method) else None,
        quadrature=quadrature if isinstance(quadrature, Quadrature) else None,
        budget=budget if isinstance(budget, Budget) else None,
    )


@contextmanager
def blaming(path: Path) -> Iterator[None]:
    """Turn an exception that passed through the user's file into a DataFileError with the place."""
    try:
        yield
    except SirenPDEError:
        raise
    except (Exception, SystemExit) as cause:
        frames = traceback.extract_tb(cause.__traceback__)
        mine = [frame for frame in frames if frame.filename == str(path.resolve())]
        if not (mine or isinstance(cause, SyntaxError)):
            raise
        lines = [*traceback.format_list(mine), *traceback.format_exception_only(cause)]
        shown = "".join(lines).rstrip().splitlines()[-SHOWN:]
        raise DataFileError("\n".join([f"`{path}` cannot be run:", *shown])) from cause


def _run(path: Path, values: Mapping[str, Literal]) -> ModuleType:
    if not path.is_file():
        raise DataFileError(f"there is no file `{path}`. Give the path of a Python file.")
    place = path.resolve()
    name = f"siren_pde_script_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, place)
    if spec is None or spec.loader is None:
        raise DataFileError(f"`{path}` is no Python file. Give a path that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # as `python FILE` does, so that its classes are found
    with beside(path), blaming(path):
        if values:
            tree = reassigned(_text(place), place, values)
            exec(compile(tree, str(place), "exec"), vars(module))
        else:
            spec.loader.exec_module(module)
    return module


def _text(place: Path) -> str:
    """The text of a Python file, in the encoding that it names."""
    with tokenize.open(place) as file:
        return file.read()


def _problem(path: Path, variables: Mapping[str, object]) -> Problem:
    problems = {name: value for name, value in variables.items() if isinstance(value, Problem)}
    if "problem" in problems:
        return problems["problem"]
    if len({id(value) for value in problems.values()}) == 1:
        return next(iter(problems.values()))
    seen = f"defines several: {', '.join(problems)}" if problems else "defines none"
    raise ConfigError(
        f"`{path}` {seen}. Write `problem = Problem(…)` at the top level of the file."
    )
