"""Jobs of several processes that cost one import: `python -m tests.processes.forked OUT N …`."""

import json
import os
import sys
import traceback
from pathlib import Path

import torch
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from siren_pde.processes.processes import Processes
from tests.processes.laws import computed


def waiting(rank, count, out):
    """A process that begins once it is told the port of its job's store: its number, and how to
    tell it.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(reading)
        return child, writing
    os.close(writing)
    port = os.read(reading, 20).decode()
    os.environ |= {
        "TORCHELASTIC_RUN_ID": "test",
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "TORCHELASTIC_RESTART_COUNT": "0",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(count),
    }
    worked(out / f"{count}-{rank}.json")


def worked(out):
    """One process to its end."""
    code = 1
    try:
        out.write_text(json.dumps(computed(Processes.joined(timeout=60))))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def ended(job):
    """The exit codes of the processes of a job, once they have met and computed."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    for _, writing in job:
        os.write(writing, str(store.port).encode())
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child, _ in job]


if __name__ == "__main__":
    folder, counts = Path(sys.argv[1]), [int(word) for word in sys.argv[2:]]
    torch.set_num_threads(1)
    torch.optim.LBFGS([torch.zeros(1)])  # imports for a second, once for all
    if len(os.listdir("/proc/self/task")) > 1:
        sys.exit("a process with threads cannot be forked safely")
    jobs = [[waiting(rank, count, folder) for rank in range(count)] for count in counts]
    codes = [ended(job) for job in jobs]
    sys.exit(str(codes) if any(map(any, codes)) else 0)
