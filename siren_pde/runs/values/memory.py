"""The memory of tensors and arrays in one piece of bytes, as they share it, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from siren_pde.errors import CheckpointError

Array = npt.NDArray[Any]
LINE = 64
"""Memory is placed as it was beside multiples of so many bytes: sums of products may differ in the
last digit where it is not.
"""
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float16,
        torch.bfloat16,
        torch.float32,
        torch.float64,
        torch.complex64,
        torch.complex128,
        torch.bool,
        torch.uint8,
        torch.int8,
        torch.int16,
        torch.int32,
        torch.int64,
    )
}
"""The numbers that tensors may hold, by name."""
REPEATED = 1 << 26
"""Tensors that repeat what they hold may have so many entries: more would be no memory of ours."""


@dataclass
class Piece:
    """Bytes [low, high) of what tensors share, and the tensors' descriptions."""

    owner: Tensor
    low: int
    high: int
    users: list[list[Any]]


class Written:
    """Memory as it is being collected: what several tensors share is stored once."""

    def __init__(self) -> None:
        self._pieces: dict[tuple[str, int], Piece] = {}

    def tensor(self, value: Tensor, path: str) -> list[Any]:
        """The description of a tensor. Raises CheckpointError for one that cannot be stored."""
        name = str(value.dtype).removeprefix("torch.")
        plain = value.layout is torch.strided and value.device.type != "meta"
        if type(value) not in (Tensor, torch.nn.Parameter) or name not in DTYPES or not plain:
            raise CheckpointError(
                f"`{path}` is a tensor of the kind {type(value).__name__} with {value.dtype} and "
                f"{value.layout}, which a checkpoint cannot hold. Keep plain tensors there."
            )
        if value.grad_fn is not None:
            raise CheckpointError(
                f"`{path}` is a tensor that autograd has recorded the making of, which a "
                "checkpoint cannot hold. Keep `x.detach()` there."
            )
        value, conjugate = value.resolve_neg(), value.is_conj()
        size, strides = list(value.shape), list(value.stride())
        _require_few(size, strides, path)
        first, each = int(value.storage_offset()), value.element_size()
        last = first + sum((n - 1) * s for n, s in zip(size, strides, strict=True))
        span = (first * each, (last + 1) * each) if value.numel() else (0, 0)
        kind = "parameter" if type(value) is torch.nn.Parameter else "tensor"
        flags = [bool(value.requires_grad), conjugate]
        described = [kind, name, -1, span[0], size, strides, flags]
        self._join(value.detach(), span, described)
        return described

    def array(self, value: Array, path: str) -> list[Any]:
        """The description of an array. Raises CheckpointError for one of other things than
        numbers and texts.
        """
        if type(value) is not np.ndarray or value.dtype.kind not in "biufcSU":
            raise CheckpointError(
                f"`{path}` is an array of {value.dtype}, which a checkpoint cannot hold. Keep "
                "numbers or texts there."
            )
        columns = value.ndim > 1 and value.flags.f_contiguous and not value.flags.c_contiguous
        plain = np.ascontiguousarray(value.T if columns else value).reshape(-1)
        data = torch.from_numpy(plain.view(np.uint8).copy()) if value.nbytes else torch.empty(0)
        described = ["array", value.dtype.str, -1, 0, list(value.shape), bool(columns)]
        self._join(data, (0, value.nbytes), described)
        return described

    def _join(self, owner: Tensor, span: tuple[int, int], described: list[Any]) -> None:
        low, high = span
        if low == high:
            described[2] = str(owner.device)
            return
        key = (str(owner.device), owner.untyped_storage().data_ptr())
        piece = self._pieces.setdefault(key, Piece(owner, low, high, []))
        piece.low, piece.high = min(piece.low, low), max(piece.high, high)
        piece.users.append(described)

    def finished(self) -> tuple[list[list[Any]], Array]:
        """Where each piece lies, [start, length, device], and all bytes (N,)."""
        table, end, parts = [], 0, []
        for number, piece in enumerate(self._pieces.values()):
            storage = piece.owner.untyped_storage()
            start = end + (storage.data_ptr() + piece.low - end) % LINE
            parts.append((start, _bytes(piece)))
            end = start + piece.high - piece.low
            table.append([start, piece.high - piece.low, str(piece.owner.device)])
            for described in piece.users:
                described[2], described[3] = number, described[3] - piece.low
        whole = np.zeros(end, dtype=np.uint8)
        for start, part in parts:
            whole[start : start + len(part)] = part
        return table, whole


def _bytes(piece: Piece) -> Array:
    raw = torch.empty(0, dtype=torch.uint8, device=piece.owner.device)
    raw.set_(piece.owner.untyped_storage(), piece.low, (piece.high - piece.low,), (1,))
    return raw.cpu().numpy()


class Read:
    """Memory as it is handed out again: shared where it was."""

    def __init__(self, table: Sequence[Any], data: Array, devices: frozenset[str]) -> None:
        if data.dtype != np.uint8 or data.ndim != 1:
            raise CheckpointError(f"its memory should be bytes, but is {data.dtype}.")
        self._data, self._devices, self._held = data, devices, dict[int, tuple[Tensor, int]]()
        self._table = [self._entry(each) for each in table]

    def _entry(self, entry: Any) -> tuple[int, int, str]:
        start, length, device = entry
        start, length = whole(start), whole(length)
        if start + length > len(self._data):
            raise CheckpointError(f"it wants bytes to {start + length} of {len(self._data)}.")
        return start, length, self._here(device)

    def _here(self, device: str) -> str:
        if device not in self._devices:
            raise CheckpointError(
                f"it was written on the device `{device}`, which the problem is not on now. "
                "Resume with the same device."
            )
        return device

    def tensor(self, described: Sequence[Any]) -> Tensor:
        """The tensor described."""
        kind, name, number, at, size, strides, (grad, conjugate) = described
        dtype, size, strides = DTYPES[name], list(map(whole, size)), list(map(whole, strides))
        _require_few(size, strides, "a tensor")
        if isinstance(number, str):
            if math.prod(size) or len(size) != len(strides):
                raise CheckpointError("a tensor without memory has entries.")
            value = torch.empty_strided(size, strides, dtype=dtype, device=self._here(number))
        else:
            value = self._view(dtype, (whole(number), whole(at)), size, strides)
        value = value.conj() if conjugate is True else value
        if kind == "parameter":
            return torch.nn.Parameter(value, requires_grad=grad is True)
        return value.requires_grad_() if grad is True else value

    def _view(
        self, dtype: torch.dtype, place: tuple[int, int], size: list[int], strides: list[int]
    ) -> Tensor:
        (number, at), each = place, dtype.itemsize
        held, shift = self._piece(number)
        last = at + each * (1 + sum((n - 1) * s for n, s in zip(size, strides, strict=True)))
        if not math.prod(size) or last > self._table[number][1] or (at + shift) % each:
            raise CheckpointError(f"a tensor of shape {size} does not lie in its memory.")
        value = torch.empty(0, dtype=dtype, device=held.device)
        value.set_(held.untyped_storage(), (at + shift) // each, size, strides)
        return value

    def _piece(self, number: int) -> tuple[Tensor, int]:
        """The bytes of a piece, and how many there are before them."""
        if number not in self._held:
            start, length, device = self._table[number]
            shift = start % LINE
            space = torch.empty(shift + length, dtype=torch.uint8, device=device)
            space[shift:] = torch.from_numpy(self._data[start : start + length])
            self._held[number] = space, shift
        return self._held[number]

    def array(self, described: Sequence[Any]) -> Array:
        """The array described."""
        _, name, number, _, size, columns = described
        dtype, size = np.dtype(str(name)), tuple(map(whole, size))
        if dtype.kind not in "biufcSU":
            raise CheckpointError(f"an array of {dtype} is none that is written.")
        start, length, _ = (0, 0, "") if isinstance(number, str) else self._table[whole(number)]
        if math.prod(size) * dtype.itemsize != length:
            raise CheckpointError(f"an array of shape {size} does not fill its memory.")
        flat = self._data[start : start + length].copy().view(dtype)
        return flat.reshape(size[::-1]).T if columns is True else flat.reshape(size)


def whole(value: object) -> int:
    """A number that is whole and not negative. Raises CheckpointError for anything else."""
    if type(value) is not int or not 0 <= value < 1 << 62:
        raise CheckpointError(f"{value!r:.40} stands where a whole number should.")
    return value


def _require_few(size: Sequence[int], strides: Sequence[int], what: str) -> None:
    """Raise CheckpointError for a tensor that repeats what it holds too often."""
    repeats = any(s == 0 and n > 1 for n, s in zip(size, strides, strict=True))
    if repeats and math.prod(size) > REPEATED:
        raise CheckpointError(
            f"`{what}` repeats what it holds {math.prod(size)} times. Keep what it repeats instead."
        )
