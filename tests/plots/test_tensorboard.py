"""What TensorBoard is told of a solve is in its files."""

import pytest

from siren_pde import Adam, Box, Budget, Every, Problem, Siren, on, solve
from siren_pde.errors import ConfigError
from siren_pde.plots import TensorBoard, tensorboard


@on(Box(x=(0, 1)))
def one(p, u):
    return u**2 - 1


@pytest.mark.filterwarnings("ignore")  # of TensorBoard's own reader
def test_scalars_are_written_by_steps(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    board = TensorBoard(tmp_path)
    budget = Budget(steps=4)
    callbacks = [Every(steps=2)(board)]
    solve(
        Problem(one),
        Siren(1, width=4),
        Adam(batch=16),
        budget=budget,
        callbacks=callbacks,
        quiet=True,
    )
    board.close()
    events = accumulator.EventAccumulator(str(tmp_path)).Reload()
    assert {"loss", "seconds", "conditions/one"} <= set(events.Tags()["scalars"])
    losses = events.Scalars("loss")
    assert [event.step for event in losses] == [0, 2, 4]
    terms = events.Scalars("conditions/one")
    assert [event.value / 2 for event in terms] == pytest.approx([e.value for e in losses], rel=0.5)


def test_what_is_missing_is_named(monkeypatch, tmp_path):
    def missing(name):
        raise ModuleNotFoundError("No module named 'tensorboard'")

    monkeypatch.setattr(tensorboard, "import_module", missing)
    with pytest.raises(ConfigError, match=r"pip install siren-pde\[tensorboard\]"):
        TensorBoard(tmp_path)
