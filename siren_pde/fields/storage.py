"""Fields as plain descriptions: found by the import path of their class, built without code.

A description is `{"class": "package.module:Name", "description": …}`, the latter what
`Field.describe` gives, or null.
"""

from __future__ import annotations

import copy

from torch import nn

from siren_pde.errors import StorageError
from siren_pde.fields.base import Field, Network
from siren_pde.fields.templates import needs_template
from siren_pde.files.classes import imported, path_of
from siren_pde.files.json_values import JSON, entry, record, text

OURS = frozenset(
    f"siren_pde.fields.{path}"
    for path in (
        "ansatz:Ansatz",
        "cosines:Cosines",
        "derived.mirrored:Mirrored",
        "derived.piecewise:Piecewise",
        "derived.projected:Projected",
        "derived.refined:Refined",
        "derived.shifted:Shifted",
        "derived.stretched:Stretched",
        "enriched:Enriched",
        "generic:Generic",
        "local_sines:LocalSines",
        "mapped:Mapped",
        "marched_sines:MarchedSines",
        "siren:Siren",
        "system:System",
        "system:Unknown",
    )
)
"""The fields of this package that a file may name."""


def described(field: Field) -> dict[str, JSON]:
    """What `field` is made of: its class, sizes and parts, without the values of its parameters."""
    return {"class": path_of(type(field)), "description": field.describe()}


def restored(stored: JSON, template: nn.Module | None, numbers: int) -> Field:
    """A field as described; what is Python code in it comes from `template`.

    It is built by `from_description` of its class, and has at most `numbers` parameters. A class
    of the template's name is the template's. Any other is one of this package, or is imported by
    its path: that runs the module, as `import` does, and nothing of it but the class is used.
    Modules of the standard library, and names that are private, are never imported. Raises
    StorageError, saying what to do, where the class cannot be had or a template is needed.
    """
    whole = record(stored, "field")
    path, description = text(whole, "class"), entry(whole, "description")
    name = path.rpartition(":")[2]
    given = template if isinstance(template, Field) and path not in OURS else None
    if given is not None and type(given).__qualname__ != name:
        given = None
    if description is None:
        if given is None:
            short = name.rpartition(".")[2]
            raise needs_template(short, "does not describe itself (`Field.describe`)", template)
        return copy.deepcopy(given)
    kind = type(given) if given is not None else _named(path)
    return kind.from_description(record(description, "description"), template, numbers)


def restored_network(stored: JSON, template: nn.Module | None, numbers: int) -> Network:
    """As `restored`, for parts that are networks. Raises StorageError if this one is none."""
    field = restored(stored, template, numbers)
    if not isinstance(field, Network):
        raise StorageError(f"a part of its field should be a network, but is {type(field)}.")
    return field


def _named(path: str) -> type[Field]:
    def unavailable(why: str) -> StorageError:
        return _unavailable(path, why)

    return imported(path, Field, ours=OURS, unavailable=unavailable)  # type: ignore[type-abstract]


def _unavailable(path: str, reason: str) -> StorageError:
    name = path.rpartition(":")[2].rpartition(".")[2]
    return StorageError(
        f"its field is a `{path}`, which cannot be imported here ({reason}). Make its module "
        "importable, by installing it or by starting Python in its folder, or give a field of this "
        f"structure: `load(path, field={name}(…))`."
    )
