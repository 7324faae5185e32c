"""A device that is none: its tensors compute on the processor, and refuse what those of a GPU do.

It is called `meta`, torch's name for a device without memory, so that the autograd engine needs no
threads of its own for it; but its tensors have values. Whatever is dispatched passes by here: mixed
operands and drivers of LAPACK that CUDA has not are refused, and where the host would wait for the
device, that is counted by the line of the package that waits.
"""

import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

import siren_pde

NAME = "meta"
PACKAGE = str(Path(siren_pde.__file__).parent)
WAITING = (
    *("_local_scalar_dense", "nonzero", "nonzero_numpy", "masked_select", "equal", "is_nonzero"),
    *("_unique2", "unique_dim", "unique_consecutive", "_linalg_check_errors", "bincount"),
    *("linalg_eigh", "_linalg_eigh", "_linalg_svd", "linalg_lstsq"),
)
"""Operators whose answer, or the size of it, the host waits for. `repeat_interleave` is one unless
its size is given, and indexing by a mask; factorisations look at their own success.
"""
MOVING = ("_to_copy", "copy_", "lift_fresh", "_local_scalar_dense", "set_")
INDEXING = ("index", "index_put", "index_put_", "_index_put_impl_")
DATA = (torch.tensor, torch.as_tensor, torch.asarray)
ITEMS = (torch.Tensor.__getitem__, torch.Tensor.__setitem__)
_Generator = torch.Generator


class MixedError(RuntimeError):
    """Operands on two devices."""


class Elsewhere(torch.Tensor):
    """A tensor on the device that is none, `here` holding its values."""

    here: torch.Tensor
    made: ClassVar[int] = 0

    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=torch.device(NAME),
        )

    def __init__(self, inner):
        self.here = inner
        Elsewhere.made += 1

    def __repr__(self, *, tensor_contents=None):
        return f"Elsewhere({self.here})"

    def tolist(self):
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):  # type: ignore[override]
        return _computed(func, args, dict(kwargs or {}))


class Waits(Counter[str]):
    """How often the host waited, by the line of the package: of all blocks that count."""

    counting: ClassVar[list[Counter[str]]] = []


def _computed(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What the operator gives, on the processor, made a tensor of the device it is asked for."""
    tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
    there, name = any(isinstance(x, Elsewhere) for x in tensors), func._schema.name[6:]
    device = kwargs.get("device")
    goes = there if device is None else torch.device(device).type == NAME
    if goes and device is not None:
        kwargs["device"] = torch.device("cpu")
    if there or goes:
        _look(name, func, args, kwargs, tensors, goes)
    args, kwargs = tree_map(_inner, args), tree_map(_inner, kwargs)
    if name == "mm" and "out_dtype" in str(func._schema):  # products of halves, in single precision
        a, b, dtype = args[0], args[1], args[2] if len(args) > 2 else kwargs["out_dtype"]
        out = a.to(dtype) @ b.to(dtype)
        result = kwargs["out"].copy_(out) if "out" in kwargs else out
    elif name == "bmm" and "out_dtype" in str(func._schema):
        a, b, dtype = args[0], args[1], args[2] if len(args) > 2 else kwargs["out_dtype"]
        out = torch.bmm(a.to(dtype), b.to(dtype))
        result = kwargs["out"].copy_(out) if "out" in kwargs else out
    else:
        result = func(*args, **kwargs)
    known = {id(x.here): x for x in tensors if isinstance(x, Elsewhere)}
    return tree_map(lambda x: _placed(x, known) if goes else x, result)


def _inner(x: object) -> object:
    return x.here if isinstance(x, Elsewhere) else x


def _placed(x: object, known: dict[int, Elsewhere]) -> object:
    if not isinstance(x, torch.Tensor) or isinstance(x, Elsewhere):
        return x
    return known[id(x)] if id(x) in known else Elsewhere(x)


def _look(
    name: str, func: Any, args: Any, kwargs: dict[str, Any], tensors: list[Any], goes: bool
) -> None:
    """Raise where a GPU would, and count where the host would wait for it."""
    others = [x for x in tensors if not isinstance(x, Elsewhere)]
    assert not any(x.is_meta for x in others), f"`{func}` has an operand without values"
    indexing = name in INDEXING
    if name not in MOVING and not indexing and any(x.dim() for x in others):
        raise MixedError(f"`{func}` has operands on the processor and on another device.")
    if name == "linalg_lstsq" and kwargs.get("driver") not in (None, "gels"):
        raise RuntimeError(f"`driver={kwargs['driver']}` is none of a GPU: `gels` alone is.")
    arrives = name in ("_to_copy", "copy_") and bool(others) and not kwargs.get("non_blocking")
    waits = name in WAITING or not goes or arrives
    if indexing:
        listed = [x for x in args[1] if x is not None]
        waits = any(x.dtype == torch.bool or not isinstance(x, Elsewhere) for x in listed)
    if name == "repeat_interleave":
        waits = kwargs.get("output_size") is None
    if waits and Waits.counting:
        ours = [f for f in traceback.extract_stack() if f.filename.startswith(PACKAGE)]
        line = f"{Path(ours[-1].filename).name}: {ours[-1].line}" if ours else name
        for counted in Waits.counting:
            counted[f"{line} ({name})"] += 1


class _Dispatched(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return _computed(func, args, dict(kwargs or {}))


class _Called(TorchFunctionMode):
    """Data given as numbers: torch makes tensors of them below every mode but this one."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        given = dict(kwargs or {})
        if func is torch.Tensor.new_tensor:
            like, *values = args
            func, args = torch.tensor, tuple(values)
            given = {"dtype": like.dtype, "device": like.device, **given}
        if func in ITEMS:
            tensor, index, *value = args
            args = (tensor, _listed(index), *value)
        if func in DATA:
            asked = given.get("device")
            place = torch.get_default_device() if asked is None else torch.device(asked)
            known = func is not torch.tensor and isinstance(args[0], torch.Tensor)
            if place.type == NAME and not (known and asked is None):
                return func(*args, **{**given, "device": "cpu"}).to(place)
        return func(*args, **given)


def _listed(index: object) -> object:
    """Lists of numbers among indices as tensors."""
    if isinstance(index, tuple):
        return tuple(_listed(each) for each in index)
    return torch.tensor(index or [0])[: len(index)] if isinstance(index, list) else index


class _AnyGenerator:
    """A generator of the processor, whatever the device: the numbers are drawn there."""

    def __new__(cls, device: object = "cpu") -> torch.Generator:  # type: ignore[misc]
        return _Generator()


@contextmanager
def elsewhere() -> Iterator[str]:
    """While it lasts there is one more device, of this name."""
    torch.Generator = _AnyGenerator  # type: ignore[misc]
    try:
        with _Called(), _Dispatched():
            yield NAME
    finally:
        torch.Generator = _Generator  # type: ignore[misc]


@contextmanager
def waits() -> Iterator[Counter[str]]:
    """How often the host waits for the device meanwhile, by line."""
    counted = Waits()
    Waits.counting.append(counted)
    try:
        yield counted
    finally:
        Waits.counting.remove(counted)
