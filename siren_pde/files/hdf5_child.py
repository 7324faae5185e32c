"""A process that reads HDF5 files for another one, within limits, and hands back plain arrays.

It is run by its path, knows nothing of the package, and answers one request after another: a line
of JSON, and for a file in memory its bytes; back come a line of JSON and the bytes of the arrays.
The HDF5 library is written in C and fails on damaged files in ways that end a process: this one.
"""

from __future__ import annotations

import io
import json
import math
import resource
import sys
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np

DEPTH, MEMBERS = 16, 20_000
"""Groups in groups, and members in all: more than files of numbers have."""
NUMBERS = frozenset(
    b"double single int8 uint8 int16 uint16 int32 uint32 int64 uint64 logical".split()
)
"""The classes of MATLAB that are arrays of numbers."""


class Refused(Exception):
    """What the file holds that is not read, in words."""


class Reading:
    """What has been read of a file, and how many bytes more may be."""

    def __init__(self, strict: bool, limit: int) -> None:
        self.strict, self.limit, self.members = strict, limit, 0
        self.arrays: dict[str, Any] = {}
        self.groups: list[str] = []
        self.left_out: list[str] = []

    def group(self, group: Any, prefix: str = "", depth: int = 0) -> None:
        """Read all members of a group, which are in the file itself, not links to anything."""
        for name in group:
            path = f"{prefix}{name}"
            self.members += 1
            if self.members > MEMBERS or depth > DEPTH:
                raise Refused("it has more members, or groups in groups, than files of numbers do")
            member = type(group.get(name, getlink=True))
            if member is h5py.HardLink:
                member = group.get(name, getclass=True)
            if member is h5py.Group and not name.startswith("#"):  # MATLAB's own
                self.groups.append(path)
                self.group(group[name], path + "/", depth + 1)
            elif member is h5py.Dataset:
                self.dataset(group[name], path)
            elif self.strict or member is not h5py.Group:
                kind = getattr(member, "__name__", "nothing known")
                raise Refused(f"`{path}` should be in the file itself, but is {kind}")

    def dataset(self, data: Any, path: str) -> None:
        """Read an array of numbers that lies in the file, so that it cannot name another one."""
        if data.external or data.is_virtual or (self.strict and data.compression):
            raise Refused(f"`{path}` is not stored plainly in the file itself")
        parts = data.dtype.names == ("real", "imag")  # complex numbers as MATLAB stores them
        matlab = data.attrs.get("MATLAB_class", b"double") if not self.strict else b"double"
        if (data.dtype.kind not in "biufcS" and not parts) or matlab not in NUMBERS:
            if self.strict:
                raise Refused(f"`{path}` has {data.nbytes} bytes of type {data.dtype}")
            self.left_out.append(path)
            return
        chunk = math.prod(data.chunks or ()) * data.dtype.itemsize
        if max(data.nbytes, chunk) > self.limit:
            raise Refused(f"`{path}` has {data.nbytes} bytes of type {data.dtype}, which cannot be")
        self.limit -= 0 if self.strict else data.nbytes
        values = np.asarray(data[()])
        self.arrays[path] = values["real"] + 1j * values["imag"] if parts else values


def bound(seconds: int, memory: int) -> None:
    """Let this process compute for so many seconds more, and hold so many bytes more."""
    spent = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent) + seconds, most))
    statm = Path("/proc/self/statm")
    if statm.exists():
        held = int(statm.read_text().split()[0]) * resource.getpagesize()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = held + memory
        limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def answer(source: BinaryIO, out: BinaryIO, request: dict[str, Any]) -> None:
    """Read the file that a request names, or that follows it, and write what is in it."""
    path, size = request["path"], request["size"]
    bound(request["seconds"], request["memory"])
    reading = Reading(request["strict"], request["limit"])
    try:
        with h5py.File(path or io.BytesIO(source.read(size)), "r") as file:
            reading.group(file)
        arrays = {name: np.asarray(v, order="C") for name, v in reading.arrays.items()}
        said = {
            "arrays": [[name, v.dtype.str, v.shape, v.nbytes] for name, v in arrays.items()],
            "groups": reading.groups,
            "left_out": reading.left_out,
        }
    except Refused as refused:
        arrays, said = {}, {"error": str(refused)}
    except Exception as error:  # h5py raises many kinds, all about the file
        arrays, said = {}, {"error": f"HDF5 cannot read it ({type(error).__name__}: {error})"[:500]}
    out.write(json.dumps(said).encode() + b"\n")
    for values in arrays.values():
        out.write(values.tobytes())
    out.flush()


def main() -> None:
    """Answer requests until there are no more."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # nothing is ever written
    source, out = sys.stdin.buffer, sys.stdout.buffer
    while line := source.readline():
        answer(source, out, json.loads(line))


if __name__ == "__main__":
    main()
