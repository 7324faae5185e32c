"""Solutions on disk: HDF5 files of plain numbers and text, never a pickle.

`about` is a JSON text; `history/{steps,seconds,losses,notes}` has one row per report; `field/NAME`
is one dataset for each parameter and buffer of the field. The rest is in `siren_pde.files.sealed`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from siren_pde import __version__
from siren_pde.errors import ConfigError, StorageError
from siren_pde.fields.base import Field
from siren_pde.files.atomic import atomic_write
from siren_pde.files.sealed import Array, pack, texts, unpack
from siren_pde.io.blueprint import blueprint, build
from siren_pde.problem import Problem
from siren_pde.solving.solution import History, Solution

_DTYPES = {
    str(dtype): dtype
    for dtype in (
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
        *(torch.complex128, torch.complex64, torch.bool),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
    )
}
_ROWS = {"steps": "i", "seconds": "f", "losses": "f", "notes": "S"}

T = TypeVar("T")


def save(solution: Solution, path: str | os.PathLike[str], *, error: float | None = None) -> None:
    """Write a solution to an HDF5 file, all of it or nothing.

    `error` is the relative L² error, where the caller knows it. Every parameter is stored as it
    is, in its own precision; Python code (a user's module, the functions of an `Ansatz`) is not.
    Raises StorageError if the file cannot be written or the field holds what is no tensor.
    """
    try:
        data = pack(*contents(solution, error))
    except StorageError as cause:
        raise StorageError(f"cannot write `{path}`: {cause}") from cause.__cause__
    atomic_write(path, data)


def load(
    path: str | os.PathLike[str],
    problem: Problem | None = None,
    field: Field | nn.Module | None = None,
) -> Solution:
    """Read a solution back, on the CPU and in the precision it was stored in.

    `problem` is attached to it, for `error()` and pictures. `field` is a template: needed only for
    fields made of Python code, whose functions or modules it provides (on its device); it is not
    changed itself. Raises StorageError naming the file if it is missing, damaged, foreign, or does
    not fit.
    """
    if not (problem is None or isinstance(problem, Problem)):
        raise ConfigError(f"`load` attaches a `Problem`, got {type(problem).__name__}.")
    return read(path, lambda said, groups: restored(said, groups, problem, field))


def contents(
    solution: Solution, error: float | None = None
) -> tuple[dict[str, Any], dict[str, dict[str, Array]]]:
    """What `save` writes: a description and groups of arrays, as `sealed.pack` takes."""
    state = solution.field.state_dict()
    strange = {name: _dtype(v) for name, v in state.items() if _dtype(v) not in _DTYPES}
    for name, dtype in strange.items():
        raise StorageError(
            f"`{name}` of the field is {dtype}, and only tensors of {', '.join(_DTYPES)} are "
            "stored. Keep it outside the module."
        )
    about = {
        "siren_pde": __version__,
        "torch": str(torch.__version__),
        "axes": list(solution.axes),
        "problem": solution.problem.name if solution.problem else None,
        "method": solution.method,
        "why": solution.why,
        "stop_reason": solution.stop_reason,
        "seconds": _finite(solution.seconds),
        "loss": _finite(solution.loss),
        "error": _finite(error),
        "field": blueprint(solution.field),
        "dtypes": {name: str(tensor.dtype) for name, tensor in state.items()},
    }
    arrays = {name: _array(tensor) for name, tensor in state.items()}
    return about, {"history": _rows(solution.history), "field": arrays}


def about(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a file says about itself: versions, axes, problem, method, loss, error, field.

    Needs no template. Raises StorageError as `load` does.
    """
    return read(path, lambda said, groups: said)


def read(path: str | os.PathLike[str], interpret: Callable[[Any, Any], T]) -> T:
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
        return interpret(*unpack(data))
    except StorageError as cause:
        raise StorageError(f"cannot load `{path}`: {cause}") from cause.__cause__
    except Exception as cause:
        # The file is foreign data: h5py, JSON and the field's constructor fail in many ways.
        raise StorageError(
            f"cannot load `{path}`: its content is not what `save` writes "
            f"({type(cause).__name__}: {cause}). Save the solution again."
        ) from cause


def restored(
    said: Mapping[str, Any],
    groups: Mapping[str, Mapping[str, Array]],
    problem: Problem | None = None,
    template: Field | nn.Module | None = None,
) -> Solution:
    """The solution that `contents` describes."""
    axes = tuple(map(str, said["axes"]))
    if problem is not None and problem.axes != axes:
        raise StorageError(
            f"it holds a solution in ({', '.join(axes)}), but {problem!r} is in "
            f"({', '.join(problem.axes)}). Load it with the problem it solves, or with none."
        )
    dtypes = said["dtypes"]
    state = {name: _tensor(name, groups["field"][name], dtypes[name]) for name in dtypes}
    field = build(said["field"], template, sum(t.numel() for t in state.values()))
    return Solution(
        field=_filled(field, state),
        axes=axes,
        problem=problem,
        method=str(said["method"]),
        why=str(said["why"]),
        stop_reason=str(said["stop_reason"]),
        seconds=_number(said["seconds"]),
        loss=_number(said["loss"]),
        history=_history(groups["history"]),
    )


def _rows(history: History) -> dict[str, Array]:
    return {
        "steps": np.array(history.steps, dtype=np.int64),
        "seconds": np.array(history.seconds, dtype=np.float64),
        "losses": np.array(history.losses, dtype=np.float64),
        "notes": texts(history.notes),
    }


def _history(rows: Mapping[str, Array]) -> History:
    kinds = {name: values.dtype.kind for name, values in rows.items()}
    shapes = {values.shape for values in rows.values()}
    if kinds != _ROWS or len(shapes) > 1 or len(shapes.pop()) != 1:
        raise StorageError(f"its history has columns {kinds} of different kind or length.")
    notes = [note.decode() for note in rows["notes"].tolist()]
    steps, seconds, losses = (rows[name].tolist() for name in ("steps", "seconds", "losses"))
    return History(steps, seconds, losses, notes)


def _dtype(value: Any) -> str:
    return str(value.dtype) if isinstance(value, Tensor) else type(value).__name__


def _finite(value: float | None) -> float | None:
    """JSON knows neither NaN nor infinity: both are stored as null."""
    return float(value) if value is not None and math.isfinite(value) else None


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


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
    stored = {name: tuple(value.shape) for name, value in state.items()}
    wrong = [n for n in {**shapes, **stored} if shapes.get(n) != stored.get(n)]
    if wrong:
        name = wrong[0]
        raise StorageError(
            f"its parameters do not fit the field: `{name}` has shape {stored.get(name, 'none')} "
            f"in the file and {shapes.get(name, 'none')} in {type(field).__name__}. Pass a field "
            "of the structure that was saved."
        )
    for name, value in own.items():
        value.data = state[name].to(device=value.device)
    return field
