"""Domains as plain descriptions and arrays: where the unknowns of a solution live, for its file.

A domain is `{"domain": "package.module:Name", "description": {…}}`; in a description numbers and
texts stand for themselves, lists are tuples, and `{"array": "0"}` is an array stored beside it.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FunctionType

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siren_pde.domains.base import Domain
from siren_pde.domains.homes import Homes
from siren_pde.errors import StorageError
from siren_pde.files.classes import imported, path_of
from siren_pde.files.json_values import JSON, Description, entry, record, text

OURS = frozenset(
    f"siren_pde.domains.{path}"
    for path in (
        "ball:Ball",
        "ball:Sphere",
        "booleans:Difference",
        "booleans:Intersection",
        "booleans:Union",
        "boundary:Boundary",
        "box:Box",
        "box:Face",
        "cloud:PointCloud",
        "fragments:Fragment",
        "surface_parts:SurfacePart",
        "polygon:Polygon",
        "polygon:Side",
        "product:Product",
        "product:ProductPiece",
    )
)
"""The domains of this package that a file may name: all that hold no function of the user's."""
SOURCE = 20_000
"""The most letters of Python code that are kept, to be read by people: it is never run."""

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class _Undescribed(Exception):
    """A domain that no description makes: for which reason, and the source of its code if known."""

    reason: str
    source: str = ""


@dataclass(frozen=True)
class Stores:
    """The arrays of domains by number, each stored once."""

    arrays: dict[str, Array] = field(default_factory=dict)
    numbers: dict[int, tuple[str, Tensor]] = field(default_factory=dict)

    def described(self, home: Domain) -> JSON:
        """A domain as JSON, its arrays put here; where it is Python code, that is what is said."""
        try:
            return self._domain(home)
        except _Undescribed as cause:
            said: dict[str, JSON] = {"domain": path_of(type(home)), "description": None}
            return said | {"why": cause.reason, "source": cause.source[:SOURCE]}

    def _domain(self, domain: Domain) -> JSON:
        values = domain.describe()
        if values is None:
            name = type(domain).__name__
            raise _Undescribed(f"`{name}` does not describe itself (`Domain.describe`)")
        written = {name: self._value(domain, name, value) for name, value in values.items()}
        return {"domain": path_of(type(domain)), "description": written}

    def _value(self, domain: Domain, name: str, value: object) -> JSON:
        if isinstance(value, Domain):
            return self._domain(value)
        if isinstance(value, Tensor):
            # the tensor is held, lest another one get its id
            number, _ = self.numbers.setdefault(id(value), (str(len(self.arrays)), value))
            self.arrays[number] = value.detach().cpu().numpy()
            return {"array": number}
        if isinstance(value, tuple | list):
            return [self._value(domain, name, each) for each in value]
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float) and math.isfinite(value):
            return value
        raise _Undescribed(
            f"`{name}` of {domain!r} is no number, text or domain but {type(value).__name__}",
            _source(value),
        )


def restored(stored: JSON, arrays: Mapping[str, Array]) -> Domain:
    """The domain that `Stores.described` describes.

    Classes are imported as those of fields are. Raises StorageError where it is Python code, or
    not available here.
    """
    whole = record(stored, "domain")
    path, description = text(whole, "domain"), entry(whole, "description")
    if description is None:
        raise StorageError(f"its domain is Python code, which is not stored: {text(whole, 'why')}")

    def unavailable(reason: str) -> StorageError:
        return StorageError(f"its domain is a `{path}`, which cannot be imported here ({reason})")

    kind = imported(path, Domain, ours=OURS, unavailable=unavailable)  # type: ignore[type-abstract]
    given = record(description, "description")
    try:
        values = {name: _restored_value(value, arrays) for name, value in given.items()}
        return kind.from_description(values)
    except StorageError:
        raise
    except Exception as cause:  # others' code may fail in any way
        raise StorageError(
            f"its domain `{path}` cannot be made from its description ({cause})"
        ) from cause


def stored_homes(homes: Mapping[str, Domain]) -> tuple[dict[str, JSON], dict[str, Array]]:
    """Where each unknown lives, as JSON, and the arrays of these domains."""
    stores = Stores()
    described = {name: stores.described(home) for name, home in homes.items()}
    return described, stores.arrays


def restored_homes(stored: Description, arrays: Mapping[str, Array]) -> Homes:
    """Where each unknown lives, as far as that is stored and available; and why not."""
    known: dict[str, Domain] = {}
    lacking = Homes().lacking
    for name, each in stored.items():
        try:
            known[name] = restored(each, arrays)
        except StorageError as cause:
            lacking = str(cause)
    return Homes(known, lacking)


def _restored_value(value: JSON, arrays: Mapping[str, Array]) -> object:
    if isinstance(value, Mapping):
        if "array" in value:
            return torch.from_numpy(np.array(arrays[text(value, "array")]))
        return restored(value, arrays)
    if isinstance(value, list):
        return tuple(_restored_value(each, arrays) for each in value)
    return value


def _source(value: object) -> str:
    """The Python code of a function or of the class of a value; empty where it is not on disk."""
    try:
        return inspect.getsource(value if isinstance(value, FunctionType) else type(value))
    except (OSError, TypeError):
        return ""
