"""Virtual environments for the solvers of others that `siren-pde bench pde --peers` compares with.

    python tools/peers.py [NAME …]

makes `.peers/NAME` for each `benchmarks/peers/requirements/NAME.txt`, and leaves those alone that
hold what their file asks for. One that cannot be installed is told, with the reason, and stops no
other. TORCH_ARGS are passed to pip for torch, which is installed first, without a CUDA stack where
the index has such a build.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "benchmarks" / "peers" / "requirements"
PLACE = ROOT / ".peers"
INSTALLED = "installed.txt"
"""In an environment: the requirements that it has."""
SHOWN = 300
"""Letters of a failed installation's last line that are shown."""


def installed(requirements: Path, environment: Path) -> bool:
    """Make an environment; False if it has everything already. Raises RuntimeError."""
    wanted, kept = requirements.read_text(), environment / INSTALLED
    if kept.is_file() and kept.read_text() == wanted:
        return False
    _done([sys.executable, "-m", "venv", str(environment)])
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    if torch := re.search(r"^torch==\S+$", wanted, re.M):
        _done([*pip, "--no-deps", *shlex.split(os.environ.get("TORCH_ARGS", "")), torch[0]])
    _done([*pip, "-r", str(requirements)])
    kept.write_text(wanted)
    return True


def _done(words: list[str]) -> None:
    """Run a command to its end. Raises RuntimeError with the last error that it tells."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["it has said nothing"]
        errors = [line for line in lines if line.startswith("ERROR")]
        raise RuntimeError((errors or lines)[-1][:SHOWN])


def made(names: list[str], requirements: Path = REQUIREMENTS, place: Path = PLACE) -> list[str]:
    """Make the environments of some peers, or of all; those that could not be made."""
    wrong = []
    for name in names or sorted(file.stem for file in requirements.glob("*.txt")):
        try:
            fresh = installed(requirements / f"{name}.txt", place / name)
            print(f"{name}: {'installed' if fresh else 'as it was'}", flush=True)
        except (OSError, RuntimeError) as error:
            print(f"{name}: FAILED: {error}", flush=True)
            wrong.append(name)
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    if wrong := made(parser.parse_args().names):
        print(f"not installed, and failed rows of the comparison: {', '.join(wrong)}")
