"""Where a run computes: the versions and the machine that its numbers depend on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from siren_pde.files.json_values import Description

_PACKAGES = {"siren_pde": "siren-pde", **{p: p for p in ("torch", "numpy", "scipy", "h5py")}}
_PATIENCE = 2.0
"""Seconds that Git may take to say its state."""


@cache
def versions() -> Description:
    """The versions of Python, of this package and of what it computes with, and Git's state."""
    return {
        "python": platform.python_version(),
        **{name: _version(package) for name, package in _PACKAGES.items()},
        "blas": _blas(),
        "git": _git(),
    }


def machine() -> Description:
    """The machine and the threads, as they are set now."""
    import torch

    return {
        "host": platform.node(),
        "system": f"{platform.system()} {platform.release()}",
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }


def peak_memory() -> int | None:
    """The most memory this process has held so far, in bytes; None where the system does not say.

    `ru_maxrss` would count what the process that started this one held.
    """
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:
        return None
    highest = re.search(r"VmHWM:\s+(\d+) kB", text)
    return 1024 * int(highest[1]) if highest else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _blas() -> str:
    """What torch computes with: its linear algebra and the instructions of the processor."""
    import torch

    said = torch.__config__.show()
    names = re.findall(
        r"(?:Intel\(R\) oneAPI Math Kernel Library Version|LAPACK_INFO=)[^,\n]*", said
    )
    used = torch.backends.cpu.get_cpu_capability()
    return "; ".join([*names, used])


@cache
def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    names = re.findall(r"^model name\s*:\s*(.*)$", text, re.M)
    return names[0] if names else platform.processor()


def _git() -> str | None:
    """The commit of the current folder, and whether files differ from it; None without Git."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
