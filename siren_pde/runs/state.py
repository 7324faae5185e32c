"""The state of a solve as JSON and arrays, and back, so that the solve goes on bit by bit as if it
had never been interrupted.

A state is a graph of frozen values: it is taken apart into entries, each made of earlier ones, and
put together again without running anything of it. What the problem, the field and the method are
made of is not stored: the state refers to it by the way that leads there from them (`roots`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from siren_pde.errors import CheckpointError
from siren_pde.files.json_values import Description
from siren_pde.runs.values.memory import Array, Read
from siren_pde.runs.values.reading import Reading
from siren_pde.runs.values.roots import Roots
from siren_pde.runs.values.writing import Writing

FORMAT = 1
"""It counts up when entries change their meaning."""
MEMORY = "memory"
"""The name of the array (N,) of bytes that all tensors and arrays lie in."""


def packed(
    value: object, roots: Mapping[str, object] | Roots
) -> tuple[Description, dict[str, Array]]:
    """A value as JSON and arrays, for `sealed.pack`.

    Stored are None, numbers (also inf and NaN), texts, bytes, tensors and arrays bit by bit with
    their strides, containers, enumerations, and the fields of objects of this package and of the
    user's own; what several hold is stored once. Caches (`cached_property`) are not, nor dataclass
    fields marked with `metadata={"stored": False}`, which their `default_factory` makes anew.

    `roots` are objects by name that are there again when it is read: the problem, the objective
    that `solve` prepared, the method as the caller gave it. Whatever can be reached from them,
    functions and domains above all, is stored as the way to it. A method that was chosen by
    measuring times is no root, as another may be chosen next time: pack it. `Roots.of` walks the
    roots once for many calls.

    Raises CheckpointError, with the path inside the value and the type, for what cannot be stored:
    functions that no root holds, classes, open files, iterators, cycles.
    """
    writing = Writing(roots if isinstance(roots, Roots) else Roots.of(roots))
    last = writing.add(value, "state")
    pieces, memory = writing.memory.finished()
    described: dict[str, Any] = {
        "format": FORMAT,
        "classes": writing.classes,
        "entries": writing.entries,
        "pieces": pieces,
        "value": last,
    }
    return described, {MEMORY: memory}


def unpacked(
    description: Description, arrays: Mapping[str, Array], roots: Mapping[str, object] | Roots
) -> Any:
    """The value that was packed.

    It has new tensors; what was a root, or part of one, is that of `roots`. Classes are made of
    this package, of torch's layers, and of the packages that the roots come from, without calling
    anything of theirs. Raises CheckpointError for anything else, for a description that makes no
    sense, for one of another format, and where the roots are not what they were.
    """
    roots = roots if isinstance(roots, Roots) else Roots.of(roots)
    given: dict[str, Any] = dict(description) if isinstance(description, Mapping) else {}
    if given.get("format") != FORMAT:
        raise CheckpointError(
            f"the state has format {given.get('format')!r:.20}, and this version of siren_pde "
            f"reads {FORMAT}. Use the version that wrote it."
        )
    try:
        memory = Read(given["pieces"], arrays[MEMORY], roots.devices)
        reading = Reading(given["classes"], memory, roots)
        return reading.read(given["entries"], given["value"])
    except CheckpointError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, RecursionError) as cause:
        raise CheckpointError(
            f"the description of the state makes no sense: {type(cause).__name__}: {cause}."
        ) from cause
