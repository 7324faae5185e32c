"""Files of every kind that is read, damaged at random, and what reading them may end with."""

import hashlib
import io
import json
import re
import signal
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import savemat

from siren_pde import Siren, load, save
from siren_pde.errors import DataFileError, StorageError
from siren_pde.files.sealed import BLOCK, pack
from siren_pde.io import read_data
from siren_pde.io.readers import read_mesh, read_points
from siren_pde.io.solutions import about
from siren_pde.references import Reference, read_reference
from siren_pde.runs.checkpoints import Checkpoints
from siren_pde.runs.lines import Lines
from siren_pde.runs.manifest import NAME, Manifest
from siren_pde.runs.state import packed, unpacked
from tests.foreign_files import foreign
from tests.sample_files import CLOUDS, MESHES, PLAIN, POINTS, TABLE, scans
from tests.told import told

FAMILIES = (DataFileError, StorageError)
SECONDS = 5.0
"""Of computing, for one file."""


class Hang(BaseException):
    """A file took too long."""


@dataclass(frozen=True)
class Kind:
    """A whole file of its kind, what reads it, and whether a checksum is made right again after
    damage, so that what is inside is reached.
    """

    name: str
    data: bytes
    readers: tuple[Callable[[Path], object], ...]
    sealed: bool = False
    share: float = 1.0
    """Of the damaged files that others get: some are read by a process each, in a second or two."""


def corpus() -> list[Kind]:
    """One small file of every kind."""
    clouds = {**MESHES, **PLAIN, **CLOUDS}
    kinds = [Kind(name, data, (read_points, read_mesh)) for name, data in clouds.items()]
    kinds += [Kind(name, data, (read_points,)) for name, data in scans().items()]
    kinds += [Kind(n, data, (read_points,), share=0.02) for n, data in foreign().items()]
    variables: dict[str, Any] = {
        "scan": TABLE,
        "waves": POINTS * 1j,
        "shorts": np.arange(6, dtype="i2"),
        "text": "hello",
        "record": {"q": 1.0},
    }
    for name, compressed in (("packed.mat", True), ("plain.mat", False)):
        file = io.BytesIO()
        savemat(file, variables, do_compression=compressed)
        kinds.append(Kind(name, file.getvalue(), (read_data, read_points)))
    archive = io.BytesIO()
    np.savez_compressed(archive, scan=TABLE, t=np.arange(5))
    kinds.append(Kind("arrays.npz", archive.getvalue(), (read_data, read_points)))
    kinds.append(Kind("named.csv", b"t,u\n0,1.5\n1,2.5\n2,nan\n", (read_data,)))
    for name, data, read in _stored():
        kinds.append(Kind(name, data, (read,)))
        if name.endswith(".h5"):
            kinds.append(Kind(f"inside-{name}", data, (read,), sealed=True))
    return kinds


def _stored() -> Iterator[tuple[str, bytes, Callable[[Path], object]]]:
    """What this package writes itself."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        save(told(Siren(2, width=3, depth=1)), folder / "results.h5")
        yield "results.h5", (folder / "results.h5").read_bytes(), lambda p: (load(p), about(p))
        grid = np.linspace(0, 1, 4)
        truth = Reference({"x": grid, "t": grid}, {"u": np.outer(grid, grid)}, "made up", 1e-3)
        truth.save(folder / "reference.h5")
        yield "reference.h5", (folder / "reference.h5").read_bytes(), read_reference
        state = {"steps": 3, "theta": np.arange(4.0), "note": "a", "pairs": [(1, 2.5), None]}
        said, arrays = packed(state, {})
        data = pack({"state": said}, {"state": arrays}, "checkpoint")
        yield "checkpoint.h5", data, _continued
        manifest = Manifest(why="for a test", call={"seed": {"value": 3, "origin": "user"}})
        manifest.written(folder)
        yield "manifest.json", (folder / NAME).read_bytes(), _manifest
        rows = b"".join(json.dumps({"step": i, "loss": 0.5**i}).encode() + b"\n" for i in range(9))
        yield "metrics.jsonl", rows, lambda path: Lines(path).rows()


def _continued(path: Path) -> object:
    held = Checkpoints.read(path, 3)
    return unpacked(held.about["state"], held.groups["state"], {})  # type: ignore[arg-type]


def _manifest(path: Path) -> object:
    folder = path.with_name(f"{path.name}.folder")
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_bytes(path.read_bytes())
    return Manifest.read(folder)


def mutated(data: bytes, other: bytes, draw: np.random.Generator) -> bytes:
    """One to four random changes: flipped bits and bytes, cuts, copies, numbers made large,
    garbage, and pieces of another file.
    """
    out = bytearray(data)
    for _ in range(draw.integers(1, 5)):
        at = int(draw.integers(0, len(out))) if out else 0
        few = int(draw.integers(1, 30))
        match draw.integers(0, 8):
            case 0:
                out[at : at + 1] = bytes([draw.integers(0, 256)])
            case 1:
                out[at : at + 1] = bytes([out[at] ^ (1 << int(draw.integers(8)))] if out else b"")
            case 2:
                del out[at:]
            case 3:
                del out[at : at + few]
            case 4:
                out[at:at] = out[at : at + few]
            case 5:
                digits = list(re.finditer(rb"\d+", out[:4096]))
                if digits:
                    start, end = digits[draw.integers(0, len(digits))].span()
                    large = [b"4294967297", b"-1", b"1e400", b"nan", b"9" * 30, b"150000000"]
                    out[start:end] = large[draw.integers(0, len(large))]
            case 6:
                out[at:at] = draw.bytes(few)
            case 7:
                start = int(draw.integers(0, max(len(other), 1)))
                out[at : at + few] = other[start : start + few]
    return bytes(out)


def resealed(data: bytes) -> bytes:
    """A file of ours with a checksum that is right for what is in it, as anyone can make it."""
    title = data.split(b"\n", 1)[0][:64] + b"\nsha256 "
    digest = hashlib.sha256(data[BLOCK:]).hexdigest().encode()
    return (title + digest + b"\n").ljust(BLOCK, b"\0") + data[BLOCK:]


def mutants(kind: Kind, others: list[Kind], count: int, seed: int) -> Iterator[bytes]:
    """Damaged files of a kind, the same ones for the same seed."""
    draw = np.random.default_rng([seed, *kind.name.encode()])
    for _ in range(count):
        other = others[draw.integers(0, len(others))].data
        if kind.sealed:
            inside = mutated(kind.data[BLOCK:], other[BLOCK:], draw)
            yield resealed(kind.data[:BLOCK] + inside)
        else:
            yield mutated(kind.data, other, draw)


@contextmanager
def watched() -> Iterator[None]:
    """Raise `Hang` after `SECONDS` of computing."""

    def late(number: int, frame: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def tried(kind: Kind, data: bytes, folder: Path) -> Counter[str]:
    """How reading a file ended: read, refused, hung, or by an error of no known type."""
    path, ends = folder / kind.name, Counter[str]()
    path.write_bytes(data)
    for read in kind.readers:
        try:
            with watched(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read(path)
            ends["read"] += 1
        except FAMILIES as error:
            ends["refused"] += 1
            if kind.name not in str(error) and kind.name != "checkpoint.h5":
                ends[f"without its name: {error}"[:200]] += not kind.name.startswith("inside")
        except Hang:
            ends["hung"] += 1
        except BaseException as error:
            ends[f"untyped {type(error).__name__}: {error}"[:200]] += 1
    return ends


def bad(ends: Counter[str]) -> dict[str, int]:
    """What must not happen."""
    return {end: n for end, n in ends.items() if end not in ("read", "refused") and n}
