"""A blueprint says in plain JSON values what a field is made of, so that it can be built again."""

from __future__ import annotations

import copy
import math
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from siren_pde.errors import StorageError
from siren_pde.fields.ansatz import Ansatz
from siren_pde.fields.base import Field
from siren_pde.fields.cosines import Cosines
from siren_pde.fields.derived.piecewise import Piecewise
from siren_pde.fields.derived.refined import Refined
from siren_pde.fields.derived.shifted import Shifted
from siren_pde.fields.derived.splines import Splines
from siren_pde.fields.derived.stretched import GridStretching, Stretched
from siren_pde.fields.enriched import Enriched
from siren_pde.fields.generic import Generic
from siren_pde.fields.mapped import Mapped
from siren_pde.fields.siren import Siren
from siren_pde.fields.system import System, Unknown

Blueprint = dict[str, Any]


def blueprint(field: Field) -> Blueprint:
    """What `field` is made of: its kind, sizes and parts, without the values of its parameters."""
    kind: Blueprint = {"kind": type(field).__name__}
    if isinstance(field, Siren):
        return kind | field.architecture()
    if isinstance(field, Cosines):
        return kind | field.architecture()
    if isinstance(field, Unknown):
        return kind | {"start": field.start}
    if isinstance(field, System):
        parts = field.parts.items()
        return kind | {"parts": {name: blueprint(part) for name, part in parts}}  # type: ignore[arg-type]
    if isinstance(field, Ansatz):
        return kind | {"field": blueprint(field.field)}
    if isinstance(field, Enriched):
        return kind | {"field": blueprint(field.network.network)}
    if isinstance(field, Stretched):
        return kind | {"field": blueprint(field.network), "stretch": asdict(field.stretch)}
    if isinstance(field, Mapped):
        return kind | {"field": blueprint(field.network)}
    if isinstance(field, Shifted):
        return kind | {"field": blueprint(field.network), "axis": field.axis, "by": field.by}
    if isinstance(field, Refined):
        grids = [
            {"low": level.low, "cell": level.cell, "shape": list(level.coefficients.shape)}
            for level in field.grids
        ]
        return kind | {"field": blueprint(field.network), "grids": grids}
    if isinstance(field, Piecewise):
        networks = [blueprint(network) for network in field.networks_in_order]
        return kind | {"axis": field.axis, "breaks": list(field.breaks), "parts": networks}
    if isinstance(field, Generic):
        sizes = {"inputs": field.inputs, "outputs": field.outputs}
        return kind | sizes | {"module": type(field.module).__name__}
    return kind


def build(plan: Blueprint, template: Field | nn.Module | None, numbers: int) -> Field:
    """A field as the blueprint says; what is Python code in it comes from `template`.

    Networks and constants are built from the blueprint alone, and have at most `numbers`
    parameters. Raises StorageError, saying what to pass, where a template is needed or is of
    another kind.
    """
    kind = plan["kind"]
    if kind == "Siren":
        return Siren(**_checked(plan, numbers))
    if kind == "Cosines":
        return _cosines(plan, numbers)
    if kind == "Unknown":
        return Unknown(plan["start"])
    if kind == "Stretched":
        inner = build(plan["field"], None, numbers)
        stretch = {**plan["stretch"]}
        for name in ("centres", "widths"):
            stretch[name] = tuple(map(float, stretch[name]))
        return Stretched(inner, GridStretching(**stretch))  # type: ignore[arg-type]
    if kind == "Shifted":
        inner = build(plan["field"], None, numbers)
        return Shifted(inner, int(plan["axis"]), float(plan["by"]))  # type: ignore[arg-type]
    if kind == "Refined":
        inner = build(plan["field"], None, numbers)
        return Refined(inner, [_splines(grid, numbers) for grid in plan["grids"]])  # type: ignore[arg-type]
    if kind == "Piecewise":
        networks = [build(part, None, numbers) for part in plan["parts"]]
        return Piecewise(int(plan["axis"]), plan["breaks"], networks)  # type: ignore[arg-type]
    if kind == "System":
        if not (template is None or isinstance(template, System)):
            raise _needs(kind, "has several unknowns", "field=System(…)", template)
        given = {} if template is None else dict(template.parts.items())
        parts = plan["parts"].items()
        return System(**{n: build(part, given.get(n), numbers) for n, part in parts})
    if kind == "Ansatz":
        if not isinstance(template, Ansatz):
            holds = "holds Python functions (its lift and where it vanishes)"
            raise _needs(kind, holds, "field=Ansatz(Siren(…), lift=…, vanishing_on=…)", template)
        inner = build(plan["field"], template.field, numbers)
        return template.around(inner)
    if kind == "Enriched":
        if not isinstance(template, Enriched):
            holds = "holds Python functions"
            raise _needs(kind, holds, "field=Enriched(Siren(…), functions, terms=…)", template)
        network = build(plan["field"], template.network.network, numbers)
        return Enriched(network, template.functions, terms=template.terms)  # type: ignore[arg-type]
    if kind == "Mapped":
        if not isinstance(template, Mapped):
            holds = "holds Python functions"
            raise _needs(kind, holds, "field=Mapped(Siren(…), coordinates)", template)
        return Mapped(build(plan["field"], template.network, numbers), template.map)  # type: ignore[arg-type]
    if kind == "Generic":
        if isinstance(template, nn.Module) and not isinstance(template, Field):
            template = Generic(template, plan["inputs"], plan["outputs"])
        if not isinstance(template, Generic):
            holds = f"is the Python module `{plan['module']}`"
            raise _needs(kind, holds, f"field={plan['module']}(…)", template)
    elif not isinstance(template, Field) or type(template).__name__ != kind:
        raise _needs(kind, "is not one of this package's own", f"field={kind}(…)", template)
    return copy.deepcopy(template)


def _checked(plan: Blueprint, numbers: int) -> dict[str, Any]:
    """The arguments of a `Siren`, if a network of that size can be in the file."""
    options = {name: value for name, value in plan.items() if name != "kind"}
    h, inputs, outputs, depth = (options[k] for k in ("width", "inputs", "outputs", "depth"))
    size = h * (inputs + 1) + (depth - 1) * h * (h + 1) + outputs * (h + 1)
    if not 0 < size <= numbers or min(h, inputs, outputs, depth) < 1:
        raise StorageError(
            f"its description asks for a `Siren` of {size} parameters, but it holds {numbers} "
            "numbers."
        )
    return options


def _cosines(plan: Blueprint, numbers: int) -> Cosines:
    """The waves described, if that many coefficients can be in the file."""
    if math.prod(plan["counts"]) > numbers:
        raise StorageError(
            f"its description asks for {plan['counts']} `Cosines`, but it holds {numbers} numbers."
        )
    return Cosines(plan["counts"], low=plan["low"], high=plan["high"])


def _splines(grid: Blueprint, numbers: int) -> Splines:
    """The splines of one grid, if that many coefficients can be in the file."""
    if math.prod(grid["shape"]) > numbers:
        raise StorageError(
            f"its description asks for splines of {grid['shape']} coefficients, but it holds "
            f"{numbers} numbers."
        )
    return Splines(grid["low"], grid["cell"], torch.zeros(grid["shape"], device="cpu"))


def _needs(kind: str, reason: str, example: str, got: nn.Module | None) -> StorageError:
    seen = "none was given" if got is None else f"got `{type(got).__name__}`"
    return StorageError(
        f"its field is of kind `{kind}`, which {reason}: code is not stored in files, so it needs "
        f"a field of the same structure to put the parameters into; {seen}. Write "
        f"`load(path, {example})`."
    )
