"""Processes of torchrun jobs that are killed, stopped, or fail: what becomes of the others."""

import tempfile
import time
from pathlib import Path

from siren_pde.runs.manifest import Manifest
from tests.processes.dying import FAILED, KILLED, STOPPED, job
from tools.promises import Row

DEATHS = (
    *((KILLED, rank, moment) for rank in (0, 1) for moment in (1, 30, 90)),
    (STOPPED, 1, 30),
    (FAILED, 1, 30),
)
"""What happens, to which process, at its so manyth residual: while planning, early, and late."""
SOON, PATIENCE = 15.0, 10.0
"""Seconds in which a job has to end, and those after which a silent process is given up besides."""


def deaths(share: float) -> Row:
    """Jobs of two processes end soon, by name and without orphans, and go on where they may."""
    tried = DEATHS[:: max(round(1 / share / 3), 1)]
    kept, longest = 0, 0.0
    for act, rank, moment in tried:
        for restarts in (0, 1) if act is KILLED else (0,):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                given = {"rank": rank, "moment": moment, "restarts": restarts}
                end = job(folder, act, patience=PATIENCE, **given)
                took = time.time() - (folder / "died").stat().st_mtime
                if restarts:
                    good = end.code == 0 and Manifest.read(end.run).outcome == "budget"
                else:
                    allowed = SOON + (PATIENCE if act is STOPPED else 0.0)
                    longest = max(longest, took - (PATIENCE if act is STOPPED else 0.0))
                    named = f"local_rank: {rank}" in end.said or f"rank {rank} (" in end.said
                    good = end.code != 0 and named and took < allowed
                kept += good and not end.orphans
    count = sum(1 + (act is KILLED) for act, *_ in tried)
    return Row(
        f"a process of several that dies ends the others within {SOON:g} s, one that hangs so long "
        "after the timeout, by name and without orphans; `--max-restarts` goes on",
        "SIGKILL of both ranks at three moments, with and without restarts, SIGSTOP, an exception",
        f"{kept} of {count}, within {longest:.1f} s",
        kept == count,
    )
