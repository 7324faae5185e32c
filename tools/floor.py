"""Run a part of the tests with the oldest releases that pyproject.toml allows.

    python tools/floor.py

installs the lower bounds of the dependencies into `.venv/floor`, all but torch's, which is too
large to fetch twice: torch, and what only tests need, come from the environment of this Python.
Then it runs the command line, tests and a solve there.
"""

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".venv" / "floor"
TESTS = ("tests/io", "tests/meshes", "tests/plots", "tests/images", "tests/scattering")
COMMANDS = ("--version", "--help", "solve --help", "sdf --help", "check --help")


def oldest() -> list[str]:
    """The lower bound of each dependency but torch as a pinned requirement."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounds = [re.fullmatch(r"([\w-]+)>=([\w.]+)", line) for line in project["dependencies"]]
    if None in bounds:
        sys.exit("every dependency in pyproject.toml needs a lower bound, as `name>=version`.")
    return [f"{b[1]}=={b[2]}" for b in bounds if b[1] != "torch"]


def installed(requirements: list[str]) -> Path:
    """The Python of an environment with these releases before those of this one."""
    python, stamp = FOLDER / "bin" / "python", FOLDER / "requirements.txt"
    wanted = "\n".join(requirements)
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(FOLDER, clear=True, with_pip=False)
        for name in ("purelib", "platlib"):
            folder = sysconfig.get_path(name, vars={"base": str(FOLDER), "platbase": str(FOLDER)})
            Path(folder, f"{name}.pth").write_text(sysconfig.get_path(name) + "\n")
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        subprocess.run([*pip, "--no-deps", "--ignore-installed", *requirements], check=True)
        stamp.write_text(wanted)
    return python


def main() -> None:
    """Install, and run what is to pass."""
    if sys.version_info >= (3, 13):
        print("the oldest NumPy allowed has no wheels for this Python: not run.")
        return
    requirements = oldest()
    python = str(installed(requirements))
    print("with", ", ".join(requirements), flush=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def run(*arguments: str, quiet: bool = False) -> None:
        output = subprocess.DEVNULL if quiet else None
        subprocess.run([python, *arguments], cwd=ROOT, env=environment, stdout=output, check=True)

    for command in COMMANDS:
        run("-m", "siren_pde", *command.split(), quiet=True)
    # What these releases deprecate in each other is not ours to mend.
    options = ["-q", "-n", "2", "-p", "no:cacheprovider", "-W", "ignore::DeprecationWarning"]
    run("-m", "pytest", *options, *TESTS)
    run("-m", "siren_pde", "solve", "problems/poisson.py", "--out", str(FOLDER / "poisson"))


if __name__ == "__main__":
    main()
