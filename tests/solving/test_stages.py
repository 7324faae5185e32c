"""Stages of a long call are said, timed and predicted."""

import pytest

from siren_pde.solving.stages import Stages


def test_stages_say_what_starts_and_how_long_it_takes(capsys):
    stages = Stages(quiet=False)
    with stages.of("short", "this is soon over", expected=0.2):
        pass
    with stages.of("long", "this is not", expected=4.4):
        pass
    with stages.of("silent"):
        pass
    said = capsys.readouterr().err.splitlines()
    assert said == ["siren_pde: this is soon over", "siren_pde: this is not, about 4 s"]
    assert list(stages.seconds) == ["short", "long", "silent"]


def test_quiet_stages_say_nothing(capsys):
    with Stages().of("meshing", "the surface is followed"):
        pass
    assert capsys.readouterr().err == ""


def test_a_stage_that_fails_or_comes_again_counts():
    stages = Stages()
    with pytest.raises(ZeroDivisionError), stages.of("measuring"):
        raise ZeroDivisionError
    once = stages.seconds["measuring"]
    with stages.of("measuring"):
        pass
    assert stages.seconds["measuring"] >= once >= 0


def test_predictions_are_multiples_of_what_was_timed():
    stages = Stages()
    stages.seconds["sampling"] = 2.5
    assert stages.times(4, "sampling") == 10
    assert stages.times(4, "unknown") == 0
