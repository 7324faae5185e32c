"""A state that the first process has written is each one's own where it is read."""

from siren_pde import Siren, Sobol
from siren_pde.collocation.objective import objective_of
from siren_pde.local_features.discretised import Waves
from siren_pde.local_features.method import LocalFeatures
from siren_pde.optimisers.base import Spent
from siren_pde.processes.processes import Processes
from siren_pde.runs.state import packed, unpacked
from tests.processes.problems import plain


def objective(processes):
    field = Siren(2, width=4).double()
    return objective_of(plain, field, rule=Sobol(50), processes=processes)


def test_boxes_are_those_of_whoever_reads():
    method = LocalFeatures(most=900, waves=Waves(20, 4.0))
    written = objective(Processes(timeout=7.0))
    at = method.step(method.start(written), Spent())
    state, arrays = packed(at, {"problem": plain, "objective": written})
    second = objective(Processes(1, 2))
    there = unpacked(state, arrays, {"problem": plain, "objective": second})
    assert there.state.whole is second
    assert there.objective.collocated.processes is second.collocated.processes
    assert at.state.last is not None and at.state.last.fresh.shares.own == range(16)
    assert there.state.last.fresh.shares.own == range(8, 16)
