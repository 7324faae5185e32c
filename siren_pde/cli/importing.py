"""What users wrote in Python: modules beside their files, and methods named by a path."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from siren_pde.cli.methods import CLASSES, SHORT
from siren_pde.errors import ConfigError
from siren_pde.files.literals import literal
from siren_pde.optimisers.base import Method

FIXED = ("name", "dtype", "architecture")
"""What a method says of itself: `--dtype`, `--width` and `--depth` are options of the command."""


@contextmanager
def beside(file: Path) -> Iterator[None]:
    """Let the neighbours of a file be imported, as `python FILE` does."""
    folder = str(file.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def method_named(text: str) -> Method[Any]:
    """The method of a short name, a class or a path `package.module:Name`, with its options.

    `Adam(rate=1e-3)` gives options by name as Python writes numbers, texts and tuples of them; they
    are parsed, never evaluated. What is not given is the method's own default. Raises ConfigError
    if there is no such method or option, or if it cannot be made of them.
    """
    name, opened, inside = text.strip().partition("(")
    name = name.strip()
    path = SHORT.get(name) or CLASSES.get(name, name)
    module, _, attribute = path.partition(":")
    if not (module and attribute):
        raise ConfigError(
            f"there is no method `{name}`. Take one of {', '.join(SHORT)}, or name your own by its "
            "path, `--method package.module:Name`."
        )
    family = _method_class(name, _imported(name, module, attribute))
    return _made(name, family, _options(text, f"({inside}") if opened else {})


def _imported(name: str, module: str, attribute: str) -> object:
    try:
        return getattr(import_module(module), attribute)
    except Exception as cause:  # whatever the module raises while it is run
        raise ConfigError(
            f"`--method {name}` cannot be imported: {type(cause).__name__}: {cause}. Check how it "
            "is spelled, install its package, or put its file beside that of the problem."
        ) from cause


def _method_class(name: str, family: object) -> type[Method[Any]]:
    if not (isinstance(family, type) and issubclass(family, Method)):
        raise ConfigError(
            f"`--method {name}` is no subclass of `siren_pde.optimisers.base.Method`. Derive it "
            "from that class, so that `solve` can start it and take its steps."
        )
    return family


def _options(text: str, arguments: str) -> dict[str, object]:
    """The options in parentheses, by name. Raises ConfigError for all but plain values."""
    try:
        call = ast.parse(f"method{arguments}", mode="eval").body
        if not isinstance(call, ast.Call) or call.args or not isinstance(call.func, ast.Name):
            raise ValueError("options have names")
        given = {each.arg: literal(each.value) for each in call.keywords}
        if None in given:
            raise ValueError("`**` stands for no options")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as cause:
        raise ConfigError(
            f"`--method {text}` cannot be read ({cause}). Write names and plain values, as in "
            '`--method "Adam(rate=1e-3)"`; anything else belongs into the file, `method = …`.'
        ) from cause
    return {str(key): value for key, value in given.items()}


def _made(name: str, family: type[Method[Any]], options: Mapping[str, object]) -> Method[Any]:
    known = option_names(family)
    strange = [key for key in options if known and key not in known]
    if strange:
        raise ConfigError(
            f"`--method {name}` has no option `{strange[0]}`. It takes {', '.join(known)}."
        )
    try:
        return family(**options)
    except TypeError as cause:
        without = "" if options else " without arguments"
        raise ConfigError(
            f"`--method {name}` cannot be made{without}: {cause}. Give options, as in "
            f'`--method "{name}({(known or ("…",))[0]}=…)"`, or write `method = …` in the file of '
            "the problem, and leave out `--method`."
        ) from cause


def option_names(family: type[Method[Any]]) -> tuple[str, ...]:
    """The names of what a method is made of, but for what says what it is."""
    if is_dataclass(family):
        return tuple(each.name for each in fields(family) if each.init and each.name not in FIXED)
    return tuple(
        each.name
        for each in inspect.signature(family).parameters.values()
        if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
    )
