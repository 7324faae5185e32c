"""What several processes cannot share says so before anything is computed."""

from dataclasses import replace
from importlib import import_module
from pkgutil import walk_packages

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import siren_pde
from siren_pde import LeastSquares, PointCloud, Siren, Sobol, fit_sdf, solve
from siren_pde.cli.app import app
from siren_pde.collocation.objective import alone as one
from siren_pde.collocation.objective import objective_of, residual_and_jacobian
from siren_pde.errors import ConfigError
from siren_pde.optimisers.base import Method
from siren_pde.processes.launched import Launched
from siren_pde.processes.processes import Processes
from siren_pde.random_features.output_system import OutputSystem
from tests.processes.problems import bent, plain

TWO = Processes(0, 2)  # which have not met: whatever they exchange would fail
TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "none",
    "TORCHELASTIC_RESTART_COUNT": "1",
    "RANK": "1",
    "LOCAL_RANK": "0",
    "WORLD_SIZE": "2",
}


@pytest.fixture
def launched(monkeypatch):
    """As in a process that torchrun has started."""
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)


def test_a_process_knows_what_torchrun_has_told_it(launched):
    assert Launched.here() == Launched(rank=1, count=2, local=0, restarts=1)
    assert Launched.here({}) == Launched() and not Launched.here({}).several
    with pytest.raises(ConfigError, match="WORLD_SIZE"):
        Launched.here({**TORCHRUN, "WORLD_SIZE": "many"})


def test_one_process_alone_exchanges_nothing():
    alone, x = Processes.joined(), torch.arange(3.0)
    assert alone.summed(x)[0] is x and alone.gathered(x) is x and alone.broadcast(x) is x
    assert (alone.agreed(0.5), alone.all(False), alone.told(lambda: "a")) == (0.5, False, "a")
    assert alone.part(7) == slice(0, 7) and alone.first and not alone.several
    whole = objective_of(bent, Siren(2, width=4))
    assert whole.collocated.own is whole.collocated and one(whole) is whole


@pytest.mark.parametrize("n", [0, 1, 2, 7, 100])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_parts_are_all_of_it_and_nearly_equal(n, count):
    parts = [range(n)[Processes(rank, count).part(n)] for rank in range(count)]
    assert [i for part in parts for i in part] == [*range(n)]
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def methods():
    """Every method of the package."""
    for module in walk_packages(siren_pde.__path__, "siren_pde."):
        if not module.name.endswith(("__main__", "_child")):
            import_module(module.name)
    ours = [kind for kind in Method.__subclasses__() if kind.__module__.startswith("siren_pde.")]
    return sorted(ours, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", methods(), ids=lambda kind: kind.__name__)
def test_a_method_is_shared_or_refuses(kind):
    first = {"Adam", "GaussNewton", "LBFGS", "Broyden", "ConjugateGradients"}
    shared = first | {"LeastSquares", "LocalFeatures", "Features"}
    assert kind.shared == (kind.__name__ in shared)
    if not kind.shared and kind.__name__ != "Auto":
        with pytest.raises(ConfigError, match=rf"`{kind.__name__}`.*started 2.*`Adam\(\)`"):
            solve(bent, method=kind(), processes=TWO)


def test_newtons_steps_on_features_refuse():
    for problem, field in ((bent, None), (bent, Siren(2, width=4))):
        whole = objective_of(problem, field or Siren(2), rule=Sobol(16), processes=TWO)
        with pytest.raises(ConfigError, match="affine in the field, and these are not"):
            LeastSquares().start(whole)


def test_a_surface_is_fitted_by_one(launched):
    with pytest.raises(ConfigError, match="`fit_sdf` works in one process, and torchrun"):
        fit_sdf(PointCloud(np.eye(3), axes=("x", "y", "z")))


@pytest.mark.parametrize("words", ["sdf x.ply --out y.ply", "sweep x.py", "check x.py", "bench x"])
def test_commands_of_one_process_say_so(launched, words):
    said = CliRunner().invoke(app, words.split())
    assert said.exit_code == 2
    assert f"`siren-pde {words.split()[0]}` works in one process" in said.output


def test_other_devices_and_timeouts_are_refused(launched):
    with pytest.raises(ConfigError, match="not on `meta`"):
        Processes.joined("meta")
    with pytest.raises(ConfigError, match="has no GPU, as each takes one and there are 0"):
        Processes.joined("cuda")
    with pytest.raises(ConfigError, match="some seconds > 0, got 0"):
        Processes.joined(timeout=0)


def test_a_gpu_is_that_of_the_process():
    second = replace(TWO, local=1)
    assert second.device("cuda") == torch.device("cuda:1")
    assert second.device("cuda:0") == torch.device("cuda:1") and second.device("cpu") == "cpu"
    assert Processes(local=1).device("cuda") == "cuda"


@pytest.mark.parametrize("count", [2, 3, 5])
def test_matrices_are_spread_and_never_whole(count):
    whole = objective_of(plain, Siren(2, width=4, dtype=torch.float64), rule=Sobol(101))
    r = whole.residual(whole.parameters)
    rows, own = [], []
    for rank in range(count):
        spread = replace(whole.collocated, processes=Processes(rank, count))
        part = replace(whole, collocated=spread)
        rows.append(OutputSystem.of(part, part.parameters).matrix.shape[0])
        own.append(part.residual(part.parameters))
        jacobian = residual_and_jacobian(part, part.parameters)[1]
        assert len(own[-1]) == rows[-1] == len(jacobian)
    assert sum(rows) == len(r) and max(rows) <= len(r) / count + len(whole.collocated.rows)
    assert torch.equal(torch.cat(own).sort().values, r.sort().values)
