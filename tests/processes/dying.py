"""Jobs of torchrun in which a process dies, hangs or fails at a chosen moment."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from siren_pde.processes.absent import ENDED

ROOT = Path(__file__).parents[2]
KILLED = "os.kill(os.getpid(), signal.SIGKILL)"
STOPPED = "os.kill(os.getpid(), signal.SIGSTOP)"
LEFT = "os.kill(os.getppid(), signal.SIGKILL)"
CTRL_C = "os.killpg(os.getppid(), signal.SIGINT)"
FAILED = "raise ValueError('this rank has had enough')"
SCRIPT = """
import os, signal
from pathlib import Path
from siren_pde import *

HERE, RANK = Path(__file__).parent, os.environ["RANK"]
with open(HERE / "started", "a") as file:
    file.write(f"{os.getpid()}\\n")
square, calls = Box(x=(0, 1), y=(0, 1)), []

def act():
    first = os.environ["TORCHELASTIC_RESTART_COUNT"] == "0"
    if first and (RANK, len(calls)) == ("<rank>", <moment>):
        (HERE / "died").write_text("")
        <act>

@on(square)
def poisson(p, u):
    calls.append(1)
    act()
    return lap(u) + sin(3 * p.x)

@on(square.boundary)
def edge(p, u):
    return u

problem = Problem(poisson, edge)
field, method = Siren(2, width=16, depth=2), Adam(batch=128)
budget = Budget(steps=<steps>)
act()
"""


@dataclass(frozen=True)
class End:
    """How a job ended: the code of torchrun, all that was said, its processes, and its folder."""

    code: int
    said: str
    started: tuple[int, ...]
    run: Path

    @property
    def orphans(self) -> list[int]:
        """The processes of the job that are still there, and not merely unburied."""
        return [pid for pid in self.started if runs(pid)]


def runs(pid):
    """Whether there is a process of this number that is not over."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return said.rpartition(")")[2].split()[0] not in ENDED


def job(folder, act, *, rank=1, moment=30, restarts=0, patience=300, group=False, wait=250):
    """Solve with two processes, of which one does something at its so manyth residual, or while the
    file is read, which is 0.
    """
    (folder / "mine.py").write_text(script(act, rank=rank, moment=moment))
    process = launched(folder, restarts=restarts, patience=patience, group=group)
    try:
        said, _ = process.communicate(timeout=wait)
    finally:
        process.kill()
    return ended(folder, process.returncode, said)


def script(act="pass", *, rank=1, moment=-1, steps=100):
    """A problem, in reading or evaluating which a process does something."""
    changes = {"<rank>": rank, "<moment>": moment, "<act>": act, "<steps>": steps}
    text = SCRIPT
    for name, value in changes.items():
        text = text.replace(name, str(value))
    return text


ONE_MACHINE = ("--standalone", "--nproc-per-node", "2")


def launched(folder, *words, restarts=0, patience=300, group=False, start=ONE_MACHINE):
    """A torchrun that solves `mine.py`, or runs what is given, in the processes that it is to
    `start`; `group` has it and them in a process group, as a shell does.
    """
    torchrun = ["-m", "torch.distributed.run", *start, "--max-restarts", str(restarts)]
    solve = ["-m", "siren_pde", "solve", "mine.py", "--out", "run", "--estimate", "none"]
    solve += ["--checkpoint-every", "5", "--process-timeout", str(patience)]
    return subprocess.Popen(
        [sys.executable, *torchrun, *(words or solve)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=group,
    )


def ended(folder, code, said):
    """How a job in a folder has ended."""
    started = tuple(map(int, (folder / "started").read_text().split()))
    return End(code, said, started, folder / "run")
