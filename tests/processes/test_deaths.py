"""A process that dies, hangs or fails ends all of its job, by name; torchrun begins it again."""

import re

import pytest

from siren_pde.runs.folder import Run
from siren_pde.runs.manifest import Manifest
from tests.processes.dying import FAILED, KILLED, LEFT, STOPPED, job


@pytest.mark.slow
def test_a_killed_process_ends_the_job_by_its_name_and_the_run_goes_on(tmp_path):
    end = job(tmp_path, KILLED, rank=0, restarts=1)
    assert re.search(r"exitcode: -9\) local_rank: 0", end.said)
    assert re.search(r"goes on from step [1-9]", end.said)
    assert end.code == 0 and not end.orphans and len(end.started) == 4
    with Run.opened(end.run) as run:
        assert [row["step"] for row in run.metrics.rows()] == [0, 100]
        assert Manifest.read(end.run).outcome == "budget"


@pytest.mark.slow
def test_a_process_that_hangs_ends_the_job_by_its_name_within_the_timeout(tmp_path):
    end = job(tmp_path, STOPPED, patience=8)
    assert re.search(r"rank 1 \(process \d+\) is stopped", end.said)
    assert "wait 8 s for each other" in end.said
    assert end.code != 0 and not end.orphans


@pytest.mark.slow
def test_no_process_outlives_its_torchrun(tmp_path):
    end = job(tmp_path, LEFT)  # which waits for all that could still say something
    assert end.code == -9 and len(end.started) == 2 and not end.orphans


@pytest.mark.slow
def test_an_exception_in_one_process_ends_all_and_is_told(tmp_path):
    end = job(tmp_path, FAILED)
    assert "this rank has had enough" in end.said
    assert end.code != 0 and not end.orphans
    assert Manifest.read(end.run).outcome in ("failed", "interrupted")
