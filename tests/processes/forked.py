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


def job(count, out):
    """Let `count` processes compute what each has to, and write it to files; their exit codes."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    children = []
    for rank in range(count):
        child = os.fork()
        if not child:
            os.environ |= {
                "TORCHELASTIC_RUN_ID": "test",
                "TORCHELASTIC_USE_AGENT_STORE": "True",
                "TORCHELASTIC_RESTART_COUNT": "0",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(store.port),
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": str(count),
            }
            worked(out / f"{count}-{rank}.json")
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    return codes


def worked(out):
    """One process to its end."""
    code = 1
    try:
        torch.set_num_threads(1)
        out.write_text(json.dumps(computed(Processes.joined(timeout=60))))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    folder, *counts = sys.argv[1:]
    torch.set_num_threads(1)
    ends = {n: job(int(n), Path(folder)) for n in counts}
    sys.exit(str(ends) if any(code for codes in ends.values() for code in codes) else 0)
