"""What is saved comes back to the bit; what was not saved by us is refused with a StorageError."""

import hashlib
import io
import json
import math
import random
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from siren_pde import Ansatz, Ball, Box, Implicit, Problem, Siren, System, Unknown, on, save
from siren_pde.errors import ConfigError, StorageError
from siren_pde.fields.derived.refined import Refined
from siren_pde.fields.derived.splines import Splines
from siren_pde.fields.generic import Generic
from siren_pde.files.sealed import BLOCK, FORMATS
from siren_pde.io.solutions import about
from siren_pde.optimisers.outcome import Outcome
from siren_pde.plots.slices import slice_of
from siren_pde.solving.history import History
from tests.strategies import Torus
from tests.told import told
from tests.typed import loaded

SQUARE = Box(x=(0, 1), y=(0, 1))
X = torch.rand(7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@on(SQUARE)
def nothing(p, u):
    return u


PROBLEM = Problem(nothing)


def solution(field, **changes):
    history = History([0, 3], [0.125, 1.5], [2.0, 1e-30], ["", "λ = 1e-05 → ✓"])
    story = {
        "problem": PROBLEM,
        "method": "Gauss-Newton",
        "why": "chosen by the caller",
        "outcome": Outcome.stagnated,
        "stop_reason": "the budget is used up",
        "seconds": 1.625,
        "loss": 1e-30,
        "history": history,
    }
    return told(field, **{**story, **changes})


def lift(p):
    x, y = p
    return x * y


def hill(p):
    return p.x * (1 - p.x)


def ansatz(width=5):
    inner = Siren(2, width=width, frequency=3.0, seed=1)
    return Ansatz(inner, lift=lift, vanishing=hill)


def fluxed(width=5):
    inner = Siren(2, width=width, frequency=3.0, seed=1)
    return Ansatz(inner, vanishing_on=SQUARE.at(x=0), flux={SQUARE.at(y=1): lambda p, u: p.x - u})


def placed(dtype=torch.float64):
    low, high = torch.zeros(2, dtype=dtype), torch.ones(2, dtype=dtype)
    rough = Siren(2, width=6, depth=3, hidden_frequency=30.0, seed=4, dtype=dtype)
    return rough.scaled_to(low, high, torch.tensor([2.5, 7.0], dtype=dtype))


class Mixed(torch.nn.Module):
    """A module with tied parameters, buffers of every kind and awkward names."""

    def __init__(self):
        super().__init__()
        self.a = torch.nn.Linear(2, 2, dtype=torch.float64)
        self.tied = self.a.weight
        self.register_buffer("brief", torch.tensor([1.5, -2.0], dtype=torch.bfloat16))
        self.register_buffer("wave", torch.tensor([1 + 2j], dtype=torch.complex128))
        self.register_buffer("count", torch.tensor(7))
        self.register_buffer("mask", torch.tensor([True, False]))
        self.register_buffer("none", torch.zeros(0, 3, dtype=torch.float32))
        self.odd = torch.nn.ParameterDict({"a/b %é": torch.nn.Parameter(torch.ones(2))})

    def forward(self, x):
        return self.a(x).sum(1)


FIELDS = {
    "siren": (placed(), None),
    "single precision": (placed(torch.float32), None),
    "constant": (Unknown(0.25), None),
    "system": (System(u=Siren(2, 2, width=3), q=Siren(2, width=4), nu=Unknown(0.1)), None),
    "ansatz": (ansatz(), ansatz(width=9)),
    "ansatz with a flux": (fluxed(), fluxed(width=9)),
    "system of ansatz": (
        System(u=ansatz(), nu=Unknown(0.1)),
        System(u=ansatz(), nu=Unknown(3.0)),
    ),
    "module": (Generic(torch.nn.Linear(2, 3).double(), 2, 3), torch.nn.Linear(2, 3)),
    "wrapped module": (Generic(Mixed(), 2), Generic(Mixed(), 2)),
}


@pytest.mark.parametrize("name", FIELDS)
def test_everything_comes_back(tmp_path, name):
    field, template = FIELDS[name]
    saved = solution(field)
    saved.save(tmp_path / "a.h5")
    untouched = {n: v.clone() for n, v in template.state_dict().items()} if template else {}
    read = loaded(tmp_path / "a.h5", PROBLEM, template)
    for key in ("axes", "problem", "method", "why", "outcome", "stop_reason", "loss"):
        assert getattr(read, key) == getattr(saved, key)
    assert vars(read.history) == vars(saved.history)
    assert read.parameters == saved.parameters
    expected, found = field.state_dict(), read.field.state_dict()
    assert list(expected) == list(found)
    for key, value in expected.items():
        assert value.dtype == found[key].dtype and torch.equal(value, found[key]), key
    for key, value in untouched.items():
        assert torch.equal(value, template.state_dict()[key])
    if not isinstance(field, System | Unknown):
        assert torch.equal(saved(X), read(X))


def test_a_loaded_network_keeps_its_free_scales(tmp_path):
    save(solution(placed()), tmp_path / "a.h5")
    field: Any = loaded(tmp_path / "a.h5").field
    assert field.describe() == placed().describe()
    assert field.frequency.tolist() == [2.5, 7.0]


def test_a_file_says_what_it_holds(tmp_path):
    save(solution(placed(), loss=math.nan), tmp_path / "a.h5", error=1e-9)
    said = about(tmp_path / "a.h5")
    assert (said["problem"], said["error"], said["loss"]) == ("nothing", 1e-9, None)
    assert math.isnan(loaded(tmp_path / "a.h5").loss)
    with h5py.File(tmp_path / "a.h5") as file:
        assert json.loads(file["about"][0]) == said
        assert file["field/layers.0"].fletcher32 and file["history/losses"].fletcher32
        assert file["history/notes"][1].decode() == "λ = 1e-05 → ✓"


def test_the_story_is_told_in_short():
    assert repr(solution(placed())) == (
        "Solution(nothing: Gauss-Newton, loss 1.0e-30, 109 parameters)"
    )
    told = str(solution(placed(), problem=None))
    assert "ended      the budget is used up" in told and "outcome    stagnated" in told


def test_outcomes_have_a_meaning():
    for outcome in Outcome:
        assert outcome.meaning[0].isupper() and outcome.meaning.endswith(".")


@pytest.mark.parametrize("name", ["ansatz", "system of ansatz", "module", "wrapped module"])
def test_code_is_asked_for(tmp_path, name):
    save(solution(FIELDS[name][0]), tmp_path / "a.h5")
    with pytest.raises(StorageError, match=r"a\.h5.*code is not stored.*`load\(path, field="):
        loaded(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("name", "template", "says"),
    [
        ("ansatz", Siren(2), "got `Siren`"),
        ("system", Siren(2), "got `Siren`"),
        ("module", torch.nn.Linear(2, 4), r"`module.weight` has shape \(3, 2\)"),
        ("module", torch.nn.Linear(2, 3, bias=False), "`module.bias`.*none"),
    ],
)
def test_templates_must_fit(tmp_path, name, template, says):
    save(solution(FIELDS[name][0]), tmp_path / "a.h5")
    with pytest.raises(StorageError, match=says):
        loaded(tmp_path / "a.h5", field=template)


def test_problems_must_fit(tmp_path):
    save(solution(placed()), tmp_path / "a.h5")
    other = Problem(on(Box(x=(0, 1)))(lambda p, u: u))
    with pytest.raises(StorageError, match=r"solution in \(x, y\)"):
        loaded(tmp_path / "a.h5", other)
    with pytest.raises(ConfigError, match="attaches a `Problem`"):
        loaded(tmp_path / "a.h5", "poisson")


class Talking(torch.nn.Linear):
    def get_extra_state(self):
        return {"code": print}

    def set_extra_state(self, state):
        raise AssertionError("never called")


def test_only_results_are_written(tmp_path):
    with pytest.raises(ConfigError, match="`solve` or `fit_sdf`"):
        save(placed(), tmp_path / "a.h5")


def test_only_tensors_are_written(tmp_path):
    with pytest.raises(StorageError, match="_extra_state"):
        save(solution(Generic(Talking(2, 1), 2)), tmp_path / "a.h5")
    with pytest.raises(StorageError, match="missing"):
        save(solution(placed()), tmp_path / "missing" / "a.h5")
    assert not list(tmp_path.iterdir())


def test_missing_and_foreign_files_are_refused(tmp_path):
    path = tmp_path / "a.h5"
    with pytest.raises(StorageError, match=r"a\.h5"):
        loaded(path)
    with pytest.raises(StorageError):
        loaded(tmp_path)
    for data in (b"", b"PK\3\4", random.Random(0).randbytes(4096)):
        path.write_bytes(data)
        with pytest.raises(StorageError, match="not a solution written by `save`"):
            loaded(path)
    with h5py.File(path, "w") as file:
        file["about"] = 1
    with pytest.raises(StorageError, match="not a solution written by `save`"):
        loaded(path)


def test_no_damage_goes_unnoticed(tmp_path):
    path = tmp_path / "a.h5"
    save(solution(placed()), path)
    good, rng = path.read_bytes(), random.Random(1)
    damaged = [good[: rng.randrange(len(good))] for _ in range(100)]
    damaged += [good + b"\0", good[1:], good[:BLOCK], good.replace(b"format 4", b"format 1")]
    for place in [*range(130), *(rng.randrange(len(good)) for _ in range(400))]:
        flipped = bytearray(good)
        flipped[place] ^= 1 << rng.randrange(8)
        damaged.append(bytes(flipped))
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(StorageError, match=r"a\.h5"):
            loaded(path)


def sealed(data):
    """What a hostile writer can do: any content with a right checksum."""
    digest = hashlib.sha256(data[BLOCK:]).hexdigest()
    title = f"siren_pde solution, format {FORMATS['solution']}\nsha256 {digest}\n".encode()
    return title.ljust(BLOCK, b"\0") + data[BLOCK:]


def edited(path, change):
    with h5py.File(path, "r+") as file:
        change(file)
    path.write_bytes(sealed(path.read_bytes()))


def said(**changes):
    def change(file):
        text = {**json.loads(file["about"][0]), **changes}
        del file["about"]
        file["about"] = np.array([json.dumps(text).encode()])

    return change


def swapped(name, value):
    def change(file):
        del file[name]
        file[name] = value

    return change


def virtual(file):
    del file["field/layers.1"]
    layout = h5py.VirtualLayout(shape=(6,), dtype="f8")
    layout[:] = h5py.VirtualSource("/etc/hostname", "data", shape=(6,))
    file.create_virtual_dataset("field/layers.1", layout)


def external(file):
    del file["field/layers.1"]
    file.create_dataset("field/layers.1", (6,), "f8", external=[("/etc/hostname", 0, 48)])


def huge(file):
    del file["field/layers.1"]
    file.create_dataset("field/layers.1", (2**40,), "f8", chunks=(2**10,))


def compressed(file):
    del file["field/layers.1"]
    file.create_dataset("field/layers.1", data=np.zeros(6), compression="gzip")


def network(**changes):
    return {
        "class": "siren_pde.fields.siren:Siren",
        "description": {**placed().describe(), **changes},
    }


def of_class(path, description=None):
    return said(field={"class": path, "description": description or {}})


HOSTILE = {
    "soft link": swapped("field/layers.1", h5py.SoftLink("/field/layers.0")),
    "external link": swapped("field/layers.1", h5py.ExternalLink("/etc/hostname", "/x")),
    "linked group": swapped("history", h5py.ExternalLink("/etc/hostname", "/x")),
    "linked description": swapped("about", h5py.SoftLink("/history/notes")),
    "virtual": virtual,
    "external": external,
    "huge": huge,
    "compressed": compressed,
    "missing array": lambda file: file.__delitem__("field/layers.1"),
    "missing group": lambda file: file.__delitem__("history"),
    "missing description": lambda file: file.__delitem__("about"),
    "missing column": lambda file: file.__delitem__("history/notes"),
    "group for array": lambda file: (file.__delitem__("about"), file.create_group("about")),
    "array for group": swapped("history", np.zeros(3)),
    "wrong shape": swapped("field/layers.1", np.zeros((3, 2))),
    "wrong precision": swapped("field/layers.1", np.zeros(6, dtype=np.float32)),
    "text for numbers": swapped("field/layers.1", np.array([b"abcdef"])),
    "objects": swapped("field/layers.1", "a string of any length"),
    "short history": swapped("history/losses", np.zeros(1)),
    "text in history": swapped("history/losses", np.array([b"a", b"b"])),
    "no JSON": swapped("about", np.array([b"{"])),
    "not UTF-8": swapped("about", np.array([b"\xff\xfe"])),
    "deep JSON": swapped("about", np.array([b"[" * 100_000])),
    "a list": swapped("about", np.array([b"[1, 2]"])),
    "a number": swapped("about", np.array([1.0])),
    "wide network": said(field=network(width=10**9)),
    "deep network": said(field=network(depth=10**12, width=1, inputs=1)),
    "fractional network": said(field=network(width=6.0)),
    "negative network": said(field=network(width=-6)),
    "other network": said(field=network(width=7, depth=1)),
    "unknown option": said(field=network(code="print()")),
    "frequency": said(field=network(frequency=[1.0, -1.0])),
    "function": of_class("os:system"),
    "module of Python": of_class("antigravity:fly"),
    "class of ours that is no field": of_class("siren_pde.problem:Problem"),
    "abstract field": of_class("siren_pde.fields.base:Network"),
    "part of a field": of_class("siren_pde.fields.enriched:Beside"),
    "no class": of_class("h5py"),
    "no module": of_class(":Siren"),
    "no field": of_class("h5py:File"),
    "relative module": of_class("..siren:Siren"),
    "private module": of_class("_pytest.config:Config"),
    "private class": of_class("siren_pde.fields.base:_size"),
    "missing module": of_class("no_such_module_anywhere:Siren"),
    "class that is a number": said(field={"class": 3, "description": {}}),
    "description that is a list": of_class("siren_pde.fields.siren:Siren", [1]),
    "nested": of_class("siren_pde.fields.derived.shifted:Shifted", {"field": "u", "axis": 0}),
    "part that is no network": of_class(
        "siren_pde.fields.derived.shifted:Shifted",
        {"field": {"class": "siren_pde.fields.system:System", "description": {"parts": {}}}},
    ),
    "many cosines": of_class(
        "siren_pde.fields.cosines:Cosines",
        {"counts": [10**9, 10**9], "low": [0, 0], "high": [1, 1]},
    ),
    "wide splines": of_class(
        "siren_pde.fields.derived.refined:Refined",
        {"field": network(), "grids": [{"low": [0, 0], "cell": 1.0, "shape": [10**9, 4]}]},
    ),
    "outcome": said(outcome="splendid"),
    "empty description": said(field={}),
    "null field": said(field=None),
    "axes": said(axes=3),
    "loss": said(loss="low"),
    "dtypes": said(dtypes={}),
    "dtype": said(dtypes=dict.fromkeys(placed().state_dict(), "torch.int4")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(tmp_path, name):
    path = tmp_path / "a.h5"
    save(solution(placed()), path)
    edited(path, HOSTILE[name])
    with pytest.raises(StorageError, match=r"a\.h5"):
        loaded(path)


def test_arrays_have_a_checksum_of_their_own(tmp_path):
    path = tmp_path / "a.h5"
    save(solution(placed()), path)
    with h5py.File(path) as file:
        array = file["field/layers.1"][()].tobytes()
    flipped = bytearray(path.read_bytes())
    flipped[flipped.index(array) + 11] ^= 4
    path.write_bytes(sealed(bytes(flipped)))
    with pytest.raises(StorageError, match=r"a\.h5"):
        loaded(path)


def test_files_need_no_disk_to_be_read(tmp_path):
    save(solution(placed()), tmp_path / "a.h5")
    with h5py.File(io.BytesIO((tmp_path / "a.h5").read_bytes())) as file:
        assert set(file) == {"about", "history", "field"}


# ── grids that are mostly zero ────────────────────────────────────────────────────────────────────

SPECK = torch.zeros(150, 150)
SPECK[70:90, 20:120] = torch.randn(20, 100, generator=torch.Generator().manual_seed(0))
SPECK[0, 0], SPECK[1, 1], SPECK[2, 2] = -0.0, 1e-44, math.inf


def refined(coefficients):
    return Refined(placed(), [Splines((0, 0), 0.1, coefficients)])


def test_zeros_take_no_room_and_come_back(tmp_path):
    for name, grid in (("sparse", SPECK), ("dense", SPECK + 1), ("none", 0 * SPECK[3:])):
        path = tmp_path / f"{name}.h5"
        save(solution(refined(grid)), path)
        read = loaded(path).field.state_dict()["levels.0.coefficients"]
        np.testing.assert_array_equal(read.numpy().view("i4"), grid.numpy().view("i4"))
    sizes = [(tmp_path / f"{name}.h5").stat().st_size for name in ("none", "sparse", "dense")]
    assert sizes[0] < sizes[1] < sizes[2] / 2


def resparse(name, values):
    def change(file):
        del file[name]
        file[name] = values

    return change


SPLINES = "levels.0.coefficients"
HOLLOW = {
    "no bits": lambda file: file["nonzero"].pop(SPLINES),
    "few bits": resparse(f"nonzero/{SPLINES}", np.ones(7, "u1")),
    "other bits": resparse(f"nonzero/{SPLINES}", np.full(2813, 255, "u1")),
    "bits that are numbers": resparse(f"nonzero/{SPLINES}", np.ones(2813)),
    "few numbers": resparse(f"field/{SPLINES}", np.ones(3, "f4")),
    "whole numbers": resparse(f"field/{SPLINES}", np.ones(2003, "i4")),
    "large": said(sparse={SPLINES: [10**9, 10**9]}),
    "negative": said(sparse={SPLINES: [-150, -150]}),
    "flat": said(sparse={SPLINES: [22500]}),
    "another": said(sparse={"levels.1.coefficients": [150, 150]}),
    "a list": said(sparse=[SPLINES]),
}


@pytest.mark.parametrize("name", HOLLOW)
def test_hollow_files_are_refused(tmp_path, name):
    path = tmp_path / "a.h5"
    save(solution(refined(SPECK)), path)
    edited(path, HOLLOW[name])
    with pytest.raises(StorageError, match=r"a\.h5"):
        loaded(path)


# ── files of before, and where solutions live ─────────────────────────────────────────────────────

OLD = Path(__file__).parents[1] / "golden" / "solution-2-siren.h5"
PLATE = SQUARE - Ball(x=0.5, y=0.5, radius=0.25)


def test_files_of_format_2_know_no_domain():
    with pytest.raises(ConfigError, match=r"none is stored.*attach the problem"):
        loaded(OLD).home("u")


def test_solutions_know_where_they_live_without_a_problem(tmp_path):
    holed = on(PLATE)(lambda p, u: u)
    save(solution(placed(), problem=Problem(holed)), tmp_path / "a.h5")
    read = loaded(tmp_path / "a.h5")
    assert read.problem is None and read.home("u") == PLATE
    save(read, tmp_path / "b.h5")
    again = loaded(tmp_path / "b.h5")
    assert again.home("u") == PLATE
    shown = slice_of(again).outputs[0].values
    middle = tuple(n // 2 for n in shown.shape)
    assert np.isnan(shown[middle]) and np.isfinite(shown[0, 0])
    assert again.plot().axes


def test_domains_made_of_code_leave_the_rest_readable(tmp_path):
    axes = ("x", "y", "z")
    solid = on(Implicit(Torus()))(lambda p, u: u)
    field = Siren(3, width=4, frequency=1.0)
    save(solution(field, axes=axes, problem=Problem(solid)), tmp_path / "a.h5")
    read = loaded(tmp_path / "a.h5")
    same = solution(field, axes=axes, problem=None)
    assert torch.equal(read([[0.0, 0.0, 0.0]]), same([[0.0, 0.0, 0.0]]))
    with pytest.raises(ConfigError, match=r"Python code, which is not stored.*`level`"):
        read.plot()
