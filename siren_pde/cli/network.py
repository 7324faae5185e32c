"""The network of a command: the file's own or the method's, in the sizes that were given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from torch import nn

from siren_pde.cli.script import Script
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field
from siren_pde.fields.siren import Siren
from siren_pde.optimisers.base import Method
from siren_pde.solving.auto import Auto

Options = Mapping[str, Any]
"""Keyword arguments that were given, by name."""


def with_network(
    script: Script, method: Method[Any] | None, given: Options
) -> tuple[Method[Any] | None, Field | nn.Module | None]:
    """The method and the field, in the sizes that were given."""
    inputs = len(script.problem.axes)
    if not given:
        return method, script.field
    if script.field is not None and not isinstance(script.field, Siren):
        raise ConfigError(
            f"{_options(given)} would change the file's own field, a "
            f"{type(script.field).__name__}. Change it in the file, or leave out the options."
        )
    if is_dataclass(method) and "features" in _fields(method):
        sizes = _feature_sizes(method, given, inputs)
        return replace(method, **sizes), script.field
    if script.field is not None:
        return method, script.field.like(**given)
    # A method that is still to be chosen has no network that suits it yet.
    suited = {} if method is None or isinstance(method, Auto) else vars(method.architecture)
    return method, Siren(inputs, **{**suited, **given})


def _feature_sizes(method: Method[Any], given: Options, inputs: int) -> Options:
    """The same for a method on frozen features: their number is the width of its one layer."""
    name = type(method).__name__
    if given.get("depth", 1) != 1:
        raise ConfigError(
            f"`{name}` has a single layer, got {_options(given)}. Leave out `--depth`, or solve "
            "with `--method gauss-newton`."
        )
    if "frequency" in given and "frequency" not in _fields(method):
        raise ConfigError(
            f"`{name}` finds its frequencies itself. Leave out `--frequency`, or solve with "
            "`--method least-squares`."
        )
    sizes: dict[str, Any] = {"features": given["width"]} if "width" in given else {}
    if "frequency" in given:
        sizes["frequency"] = (given["frequency"],) * inputs
    return sizes


def _fields(method: object) -> set[str]:
    return {each.name for each in fields(method)} if is_dataclass(method) else set()


def _options(given: Options) -> str:
    return ", ".join(f"`--{name} {value:g}`" for name, value in given.items())
