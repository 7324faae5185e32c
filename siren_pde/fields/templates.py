"""What a file's description of a field has to fit: a template for its code, and its numbers."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

from siren_pde.errors import StorageError

M = TypeVar("M", bound=nn.Module)


def require_template(template: nn.Module | None, kind: type[M], reason: str) -> M:
    """The template, if it is of this kind. Raises StorageError, saying what to pass, if not.

    `reason` says what of the field is Python code.
    """
    if not isinstance(template, kind):
        raise needs_template(kind.__name__, reason, template)
    return template


def needs_template(
    kind: str, reason: str, template: nn.Module | None, example: str = ""
) -> StorageError:
    """The error that a field cannot be built without a template of its kind."""
    seen = "none was given" if template is None else f"got `{type(template).__name__}`"
    return StorageError(
        f"its field is of kind `{kind}`, which {reason}: code is not stored in files, so it needs "
        f"a field of the same structure to put the parameters into; {seen}. Write "
        f"`load(path, field={example or f'{kind}(…)'})`."
    )


def require_size(what: str, size: int, numbers: int) -> None:
    """Raise StorageError unless a part of that size can be among the numbers of a file."""
    if not 0 < size <= numbers:
        raise StorageError(
            f"its description makes a {what} of {size} numbers, but the file holds {numbers}."
        )
