"""Solutions on disk: HDF5 files of plain numbers and text, never a pickle.

`about` is a JSON text; `history/{steps,seconds,losses,notes}` has one row per report, `terms/NAME`
the mean squares of a condition in these; `field/NAME` is one dataset for each parameter and buffer
of the field, `domains/NUMBER` one for each array of the domains that it lives on. Those of the
field that are mostly zero are without their zeros: see `siren_pde.io.sparse`. The rest is in
`siren_pde.files.sealed`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from siren_pde.domains.homes import known_homes
from siren_pde.domains.storage import restored_homes, stored_homes
from siren_pde.errors import StorageError
from siren_pde.fields.base import Field
from siren_pde.fields.storage import described, restored
from siren_pde.fields.system import parts
from siren_pde.files.atomic import atomic_write
from siren_pde.files.json_values import JSON, Description, entry, real, record, row, text
from siren_pde.files.sealed import Array, pack, texts, unpack
from siren_pde.io.estimates import as_description, estimate_of, finite, number, numbers
from siren_pde.io.sparse import with_zeros, without_zeros
from siren_pde.io.storable import Storable, Stored
from siren_pde.optimisers.outcome import Outcome
from siren_pde.optimisers.reached import Reached
from siren_pde.solving.history import History

_DTYPES = {
    str(dtype): dtype
    for dtype in (
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
        *(torch.complex128, torch.complex64, torch.bool),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
    )
}
_ROWS = {"steps": "i", "seconds": "f", "losses": "f", "notes": "S"}

Groups = Mapping[str, Mapping[str, Array]]
T = TypeVar("T")


def write(about: Description, groups: Groups, path: str | os.PathLike[str]) -> None:
    """Write a description and groups of arrays, all or nothing. Raises StorageError."""
    try:
        data = pack(about, groups)
    except StorageError as cause:
        raise StorageError(f"cannot write `{path}`: {cause}") from cause.__cause__
    atomic_write(path, data)


def save(solution: Storable, path: str | os.PathLike[str], *, error: float | None = None) -> None:
    """Write a solution to an HDF5 file, all of it or nothing; see `siren_pde.save`."""
    write(*contents(solution, path, error), path)


def contents(
    solution: Storable, path: str | os.PathLike[str], error: float | None = None
) -> tuple[dict[str, JSON], dict[str, dict[str, Array]]]:
    """What `save` writes: a description and groups of arrays, as `sealed.pack` takes."""
    state = solution.field.state_dict()
    strange = {name: _dtype(v) for name, v in state.items() if _dtype(v) not in _DTYPES}
    for name, dtype in strange.items():
        raise StorageError(
            f"cannot write `{path}`: `{name}` of the field is {dtype}, and only tensors of "
            f"{', '.join(_DTYPES)} are stored. Keep it outside the module."
        )
    field = without_zeros({name: _array(tensor) for name, tensor in state.items()})
    homes, places = stored_homes(known_homes(parts(solution.field), solution.home))
    about: dict[str, JSON] = {
        "siren_pde": version("siren-pde"),
        "torch": str(torch.__version__),
        "axes": solution.axes,
        "problem": solution.problem.name if solution.problem else None,
        "method": solution.method,
        "why": solution.why,
        "outcome": solution.outcome.name,
        "stop_reason": solution.stop_reason,
        "seconds": finite(solution.seconds),
        "loss": finite(solution.loss),
        "error": finite(error),
        "estimate": as_description(solution.estimate),
        "residuals": {name: finite(value) for name, value in solution.residuals.items()},
        "reached": None if solution.part is None else asdict(solution.part),
        "field": described(solution.field),
        "domains": homes,
        "dtypes": {name: str(tensor.dtype) for name, tensor in state.items()},
        "sparse": field.shapes,
    }
    groups = {"history": _rows(solution.history), "terms": _terms(solution.history)}
    groups |= {"field": field.arrays, "nonzero": field.nonzero, "domains": places}
    return about, {name: held for name, held in groups.items() if held or name == "field"}


def about(path: str | os.PathLike[str]) -> Description:
    """What a file says about itself: versions, axes, problem, method, outcome, loss, error, field.

    Needs no template. Raises StorageError as `siren_pde.load` does.
    """
    return read(path, lambda said, groups: said)


def read(path: str | os.PathLike[str], interpret: Callable[[Description, Groups], T]) -> T:
    """What `interpret` makes of a file's description and groups of arrays; whatever goes wrong is
    a StorageError.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as cause:
        raise StorageError(
            f"cannot read `{path}`: {cause.strerror or cause}. Check the path; `save` writes such "
            "files."
        ) from cause
    try:
        said, groups = unpack(data)
        return interpret(record(said, "about"), groups)
    except StorageError as cause:
        raise StorageError(f"cannot load `{path}`: {cause}") from cause.__cause__
    except Exception as cause:
        # The file is foreign data: h5py, JSON and the field's constructor fail in many ways.
        raise StorageError(
            f"cannot load `{path}`: its content is not what `save` writes "
            f"({type(cause).__name__}: {cause}). Save the solution again."
        ) from cause


def stored(said: Description, groups: Groups, template: nn.Module | None = None) -> Stored:
    """What `contents` describes; `template` has what of the field is Python code."""
    dtypes = record(entry(said, "dtypes"), "dtypes")
    shapes = record(said.get("sparse", {}), "sparse")  # files up to format 3 hold all zeros
    arrays = with_zeros(groups["field"], groups.get("nonzero", {}), shapes)
    state = {name: _tensor(name, arrays[name], text(dtypes, name)) for name in dtypes}
    field = restored(entry(said, "field"), template, sum(t.numel() for t in state.values()))
    return Stored(
        field=_filled(field, state),
        axes=tuple(map(str, row(entry(said, "axes"), "axes"))),
        method=text(said, "method"),
        why=text(said, "why"),
        outcome=Outcome[text(said, "outcome")],
        stop_reason=text(said, "stop_reason"),
        seconds=number(said, "seconds"),
        loss=number(said, "loss"),
        history=_history(groups["history"], groups.get("terms", {})),
        estimate=estimate_of(record(entry(said, "estimate"), "estimate")),
        residuals=numbers(record(entry(said, "residuals"), "residuals")),
        # files of format 2 have no domains
        homes=restored_homes(record(said.get("domains", {}), "domains"), groups.get("domains", {})),
        part=_part(said),
    )


def _part(said: Description) -> Reached | None:
    if said.get("reached") is None:  # files of earlier releases say nothing of it
        return None
    part = record(entry(said, "reached"), "reached")
    if text(part, "axis") not in row(entry(said, "axes"), "axes"):
        raise StorageError(f"it is solved up to {text(part, 'axis')}, which is no axis of it.")
    going = part.get("going") is True
    return Reached(text(part, "axis"), real(part, "start"), real(part, "value"), going)


def _rows(history: History) -> dict[str, Array]:
    return {
        "steps": np.array(history.steps, dtype=np.int64),
        "seconds": np.array(history.seconds, dtype=np.float64),
        "losses": np.array(history.losses, dtype=np.float64),
        "notes": texts(history.notes),
    }


def _terms(history: History) -> dict[str, Array]:
    return {name: np.array(row, dtype=np.float64) for name, row in history.terms.items()}


def _history(rows: Mapping[str, Array], terms: Mapping[str, Array]) -> History:
    kinds = {name: values.dtype.kind for name, values in rows.items()}
    shapes = {values.shape for values in rows.values()}
    if kinds != _ROWS or len(shapes) > 1 or len(shapes.pop()) != 1:
        raise StorageError(f"its history has columns {kinds} of different kind or length.")
    notes = [note.decode() for note in rows["notes"].tolist()]
    steps, seconds, losses = (rows[name].tolist() for name in ("steps", "seconds", "losses"))
    wrong = [n for n, row in terms.items() if row.dtype.kind != "f" or row.shape != (len(steps),)]
    if wrong:
        raise StorageError(f"the terms of `{wrong[0]}` in its history have no value per row.")
    return History(steps, seconds, losses, notes, {n: row.tolist() for n, row in terms.items()})


def _dtype(value: object) -> str:
    return str(value.dtype) if isinstance(value, Tensor) else type(value).__name__


def _array(tensor: Tensor) -> Array:
    tensor = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
    # NumPy has no bfloat16: its bits are stored, and `dtypes` in `about` says what they are.
    bits = tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor
    return np.asarray(bits.numpy())


def _tensor(name: str, values: Array, dtype: str) -> Tensor:
    tensor = torch.from_numpy(np.array(values, order="C"))
    tensor = tensor.view(torch.bfloat16) if dtype == "torch.bfloat16" else tensor
    if _DTYPES.get(dtype) != tensor.dtype:
        raise StorageError(f"`{name}` should be {dtype}, but is stored as {tensor.dtype}.")
    return tensor


def _filled(field: Field, state: Mapping[str, Tensor]) -> Field:
    """The field with the values of `state`, in their precision and on the field's device."""
    own = field.state_dict(keep_vars=True)
    shapes = {name: tuple(value.shape) for name, value in own.items()}
    held = {name: tuple(value.shape) for name, value in state.items()}
    wrong = [n for n in {**shapes, **held} if shapes.get(n) != held.get(n)]
    if wrong:
        name = wrong[0]
        raise StorageError(
            f"its parameters do not fit the field: `{name}` has shape {held.get(name, 'none')} "
            f"in the file and {shapes.get(name, 'none')} in {type(field).__name__}. Pass a field "
            "of the structure that was saved."
        )
    for name, value in own.items():
        value.data = state[name].to(device=value.device)
    return field
