"""The state of a solve as JSON and bytes, and back."""

import json
import math
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch

from siren_pde import Box, Siren
from siren_pde.errors import CheckpointError
from siren_pde.fields.derived.shifted import Shifted
from siren_pde.optimisers.outcome import Outcome
from siren_pde.runs.state import packed, unpacked


@dataclass(frozen=True, eq=False)
class Told:
    """A state of a method of the user's."""

    what: Any
    again: Any = None

    @cached_property
    def remembered(self) -> object:
        return object()


def back(value, roots=None):
    roots = roots or {"told": Told(None)}
    description, arrays = packed(value, roots)
    return unpacked(json.loads(json.dumps(description, allow_nan=False)), arrays, roots)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 0, -1, 1 << 70, 0.1, -0.0, math.inf, -math.inf, "", "∂ü", "\ud800", b"\x00x"),
        *(1 + 2j, (), (1, 2.0), [1, [2]], {1: "a", "b": (None,)}, {3, 1}, frozenset("ab")),
        *(slice(1, None, 2), torch.float32, torch.device("cpu"), torch.Size([2, 3])),
        *(np.float32(0.1), np.int64(3), Outcome.stagnated, OrderedDict(b=1, a=2)),
    ],
)
def test_values_come_back_as_they_were(value):
    same = back(value)
    assert type(same) is type(value)
    assert same == value
    assert repr(same) == repr(value)


def test_nan_and_views_of_dictionaries_come_back():
    assert math.isnan(back(math.nan))
    assert dict(back(MappingProxyType({"a": 1}))) == {"a": 1}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "complex128", "bool", "int64"])
def test_tensors_keep_bits_strides_and_memory_in_common(dtype):
    base = (torch.randn(6, 8, dtype=torch.float64) * 3).to(getattr(torch, dtype))
    given = [base.T, base[1:, ::2], base[2], base[0, :0], base[:1].expand(4, 8), base]
    same = back(given)
    for one, other in zip(given, same, strict=True):
        assert one.dtype == other.dtype and one.stride() == other.stride()
        assert torch.equal(one, other)
        assert not one.numel() or one.data_ptr() % 64 == other.data_ptr() % 64
    same[5].zero_()
    assert not same[0].any() and not same[4].any()


def test_objects_keep_identity_and_forget_caches():
    inner = Told(torch.ones(2))
    outer = Told([inner, inner], (inner, inner.what))
    assert inner.remembered is inner.remembered
    same = back(outer)
    assert same.what[0] is same.what[1] is same.again[0]
    assert same.again[1] is same.again[0].what
    assert "remembered" not in vars(same.again[0])


def test_networks_come_back_and_parameters_stay_parameters():
    network = Shifted(Siren(2, width=5, seed=3), 0, 0.25)
    same = back(network)
    x = torch.rand(7, 2, dtype=torch.float64)
    assert torch.equal(network(x), same(x))
    assert [type(q) for q in same.parameters()] == [type(q) for q in network.parameters()]
    assert same.state_dict().keys() == network.state_dict().keys()


def test_what_the_roots_hold_is_referred_to_and_not_stored():
    function, box = (lambda p: p), Box(x=(0, 1))
    roots = {"told": Told([function, box, torch.ones(9)])}
    same = back(Told(function, (box, roots["told"].what[2])), roots)
    assert same.what is function
    assert same.again[0] is box and same.again[1] is roots["told"].what[2]


def test_deep_values_are_no_deeper_than_others():
    for kind in (lambda x: [x], lambda x: (x,), Told):
        value: Any = 1
        for _ in range(5000):
            value = kind(value)
        same = back(value)
        for _ in range(5000):
            same = same.what if isinstance(same, Told) else same[0]
        assert same == 1
        while not isinstance(value, int):  # Python itself frees deep values by recursion
            value = value.what if isinstance(value, Told) else value[0]


def _cycle():
    value: list[object] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value, named",
    [
        (lambda: 1, r"state\.what\['a'\]\[1\]` is a builtins.function `.*lambda"),
        (Told, "builtins.type `Told`"),
        (partial(max, 1), "functools.partial"),
        (Told(1).__repr__, "builtins.method"),
        (open, "_io.open|builtin_function"),
        (iter([1]), "list_iterator"),
        (_cycle(), "leads back"),
        (torch.ones(2, requires_grad=True) * 2, "autograd"),
        (np.array([object()]), "array of object"),
    ],
)
def test_what_cannot_be_stored_is_named_with_its_place(value, named):
    with pytest.raises(CheckpointError, match=named) as error:
        packed(Told({"a": [0, value]}), {"told": Told(None)})
    assert "state.what['a'][1]" in str(error.value)
