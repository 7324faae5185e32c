"""A network from outside the package needs its values alone; its files can be read anywhere."""

import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from siren_pde import (
    Ansatz,
    Box,
    Budget,
    GaussNewton,
    Problem,
    Siren,
    System,
    d,
    lap,
    on,
    pi,
    save,
    sin,
    solve,
)
from siren_pde.calculus.derivatives import Laplace
from siren_pde.errors import ConfigError, StorageError
from siren_pde.fields.base import Network
from siren_pde.fields.derived.piecewise import Piecewise
from siren_pde.fields.derived.shifted import Shifted
from siren_pde.fields.derived.stretched import GridStretching, Stretched
from siren_pde.fields.engine.plan import Plan
from siren_pde.fields.generic import Generic
from siren_pde.io.solutions import about
from siren_pde.testing import check_field
from tests.sample_network import Tanh, Wave
from tests.told import told
from tests.typed import loaded

PLAN = Plan.closing({(0, 1), (1, 1, 1), Laplace((0, 1))})
X = torch.rand(6, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def theta_of(network):
    return torch.cat([q.detach().flatten() for q in network.parameters()])


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize("network", [Tanh(2, 4), Wave(1.0, -2.0)], ids=["tanh", "wave"])
def test_everything_follows_from_the_values(network):
    check_field(network)
    at = network.evaluate(theta_of(network), X, PLAN)
    right = Generic(network, 2).evaluate(theta_of(network), X, PLAN)
    assert torch.allclose(at.channels, right.channels, atol=1e-12)


@pytest.mark.slow
def test_a_problem_is_solved_with_it():
    line = Box(x=(0, 1))

    @on(line)
    def poisson(p, u):
        return d(u, p.x, p.x) + pi**2 * sin(pi * p.x)

    @on(line.boundary)
    def dirichlet(p, u):
        return u

    def exact(p):
        return sin(pi * p.x)

    problem = Problem(poisson, dirichlet, exact=exact)
    network = Tanh(1, 12, scale=3.0)
    solution = solve(problem, network, budget=Budget(steps=60), quiet=True)
    assert solution.method == GaussNewton().name
    assert solution.error() < 1e-3
    with pytest.raises(ConfigError, match="`Tanh` is none"):
        network.with_random_features(5, torch.ones(1), 0)


def test_values_are_the_least_it_needs():
    class Nothing(Network):
        pass

    with pytest.raises(TypeError, match="forward"):
        cast(Any, Nothing)()


# ── files ─────────────────────────────────────────────────────────────────────────────────────────


def first(p):
    return p.x


def wrapped():
    stretching = GridStretching(0, 0.0, 1.0, (0.5,), (0.1,))
    pieces = [Shifted(Tanh(2, 3), 1, 0.25), Stretched(Tanh(2, 4), stretching)]
    return System(u=Piecewise(1, [0.5], pieces), v=Siren(2, width=3))


@pytest.mark.slow
def test_its_file_is_read_in_another_process(tmp_path):
    solution = told(Tanh(2, 5, scale=2.0))
    save(solution, tmp_path / "a.h5")
    stored = cast(Any, about(tmp_path / "a.h5"))["field"]
    assert stored["class"] == "tests.sample_network:Tanh"
    code = (
        "import sys, torch; from siren_pde import load; s = load('a.h5');"
        "assert 'tests.sample_network' in sys.modules;"
        "print(*[float(v).hex() for v in s(torch.tensor([[0.25, 0.5], [1, 2]]))])"
    )
    root = str(Path(__file__).parents[2])
    run = [sys.executable, "-c", code]
    environment = {"PYTHONPATH": root, "PATH": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    values = [float(v).hex() for v in solution(torch.tensor([[0.25, 0.5], [1, 2]]))]
    assert done.stdout.split() == values, done.stderr


def test_parts_of_other_fields_come_back(tmp_path):
    solution = told(wrapped())
    save(solution, tmp_path / "a.h5")
    for name in "uv":
        mine, theirs = (s.field.networks()[name](X) for s in (solution, loaded(tmp_path / "a.h5")))
        assert torch.equal(mine, theirs)


def test_a_module_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(Tanh, "__module__", "my_networks.tanh")
    solution = told(Tanh(2, 5))
    save(solution, tmp_path / "a.h5")
    message = r"`my_networks\.tanh:Tanh`, which cannot be imported.*importable.*field=Tanh\(…\)"
    with pytest.raises(StorageError, match=message):
        loaded(tmp_path / "a.h5")
    assert torch.equal(loaded(tmp_path / "a.h5", field=Tanh(2, 9))(X), solution(X))


def test_a_field_that_does_not_describe_itself_needs_a_template(tmp_path):
    solution = told(Wave(1.0, 2.0))
    save(solution, tmp_path / "a.h5")
    with pytest.raises(StorageError, match=r"`Wave`.*`Field\.describe`.*field=Wave\(…\)"):
        loaded(tmp_path / "a.h5")
    assert torch.equal(loaded(tmp_path / "a.h5", field=Wave(0.0, 0.0))(X), solution(X))
    with pytest.raises(StorageError, match=r"`direction` has shape \(2,\)"):
        loaded(tmp_path / "a.h5", field=Wave(0.0, 0.0, 0.0))
    inside = told(Ansatz(Wave(1.0, 2.0), vanishing=first))
    save(inside, tmp_path / "b.h5")
    template = Ansatz(Wave(0.0, 0.0), vanishing=first)
    assert torch.equal(loaded(tmp_path / "b.h5", field=template)(X), inside(X))


@pytest.mark.parametrize(
    ("description", "says"),
    [
        ({"inputs": 2}, "missing.*override `from_description`"),
        ({"inputs": 2, "width": 4, "code": "print()"}, "unexpected"),
        ({"inputs": 2, "width": 10**12}, "makes a `Tanh` of 4000000000001 numbers"),
        ({"inputs": 2, "width": 3}, "do not fit"),
        ({"inputs": 2, "width": "4"}, "Tanh"),
    ],
)
def test_descriptions_that_do_not_fit_are_refused(tmp_path, monkeypatch, description, says):
    with monkeypatch.context() as patch:
        patch.setattr(Tanh, "describe", lambda self: description)
        save(told(Tanh(2, 4)), tmp_path / "a.h5")
    with pytest.raises(StorageError, match=says):
        loaded(tmp_path / "a.h5")


def test_fields_of_scripts_are_saved_and_need_a_template(tmp_path):
    class Local(Network):
        def __init__(self, start):
            super().__init__()
            self.inputs, self.outputs = 2, 1
            self.a = torch.nn.Parameter(torch.tensor([start], dtype=torch.float64))

        def forward(self, x):
            return torch.exp(self.a * x[:, 0])

        def describe(self):
            return {"start": self.a.item()}

    solution = told(Local(0.5))
    save(solution, tmp_path / "a.h5")
    with pytest.raises(StorageError, match=r"no public class.*field=Local\(…\)"):
        loaded(tmp_path / "a.h5")
    again = loaded(tmp_path / "a.h5", field=Local(3.0))
    assert torch.equal(
        again.evaluate(lambda p, u: lap(u), X), solution.evaluate(lambda p, u: lap(u), X)
    )
