"""Suites as they are declared: in the package, in a file of one's own, or as a folder of problems.

A suite is TOML. Its keys, which `[[group]]` tables may give anew for cells of their own:

| key | what |
|---|---|
| `problems` | Python files that state problems, folders of such files, or patterns as `heat*.py` |
| `methods` | as for `--method` of `solve`; `own` is that of the file, or a measured choice |
| `fields` | tables of `width`, `depth`, `frequency` by name, `[fields.wide]`; `own`: the file's |
| `set` | lists of other values for names of the files, `[set]` and `nu = [0.1, 0.01]` |
| `seeds` | how many, from 0 (3) |
| `seconds`, `steps`, `target` | what each solve may spend, and the loss that it ends at |
| `estimate` | what is spent on error bars: none, quick or careful |
| `scans`, `fast` | points and meshes, or folders of them, that distances are fitted to |
| `scripts` | Python scripts, with arguments, whose last line is JSON: what they measured |
| `name`, `about`, `alone` | for the whole: what it is; whether cells run one at a time |

Every combination of problem, field, method and seed is a cell. Paths begin at the file.
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, final

from siren_pde.errors import ConfigError
from siren_pde.files.literals import Literal, literals
from siren_pde.suites.cells import OWN, Cell, Fit, Script, Solve, Task
from siren_pde.suites.sources import problem_files, repository, scan_files
from siren_pde.suites.toml_text import GROUP, Kinds, Table

NAMES = ("quick", "pde", "pinnacle", "fastlsq", "speed", "scaling", "sdf")
"""The suites of the package."""
SEEDS = 3
"""How many where nothing is said: a median needs three."""
DATA = "{data}"
"""What stands for the folder of `--data` in a suite."""
WHOLE: Kinds = {"name": "a text", "about": "a text", "alone": "true or false"}
GROUPS: Kinds = {
    "problems": "a list of texts",
    "methods": "a list of texts",
    "fields": "a table of tables",
    "set": "a table of lists",
    "seeds": "a positive whole number",
    "seconds": "a positive number",
    "steps": "a positive whole number",
    "target": "a positive number",
    "estimate": "none, quick or careful",
    "scans": "a list of texts",
    "fast": "true or false",
    "scripts": "a list of texts",
}
NETWORK: Kinds = {
    "width": "a positive whole number",
    "depth": "a positive whole number",
    "frequency": "a positive number",
}
LIMITS = ("steps", "seconds", "target")


@final
@dataclass(frozen=True)
class Wanted:
    """What the command line says of a suite: seeds and seconds in place of its own, the folder of
    its data, one for `samples` of meshes, and the short names that methods have.
    """

    seeds: int | None = None
    seconds: float | None = None
    data: Path | None = None
    samples: Path = Path("points")
    methods: Collection[str] = ()


@final
@dataclass(frozen=True)
class Suite:
    """Cells under a name; those of a suite that is `alone` run one at a time."""

    name: str
    about: str
    cells: tuple[Cell, ...]
    alone: bool = False


def suite_of(given: str, wanted: Wanted) -> Suite:
    """The suite of a name, a TOML file, a folder of problem files, or one such file.

    Raises ConfigError or DataFileError if there is none, or if it says what cannot be.
    """
    path = Path(given)
    if given in NAMES:
        source = files("siren_pde.suites").joinpath("library", f"{given}.toml")
        return _declared(Table.read(Path(str(source))), given, repository(given), wanted)
    if path.suffix == ".toml":
        return _declared(Table.read(path), path.stem, path.parent, wanted)
    if path.is_dir() or path.suffix == ".py":
        values: dict[str, Any] = {"problems": [str(path.resolve())]}
        table = Table(path, "", values)
        return _declared(table, path.resolve().stem, Path(), wanted)
    raise ConfigError(
        f"there is no suite `{given}`. Give one of {', '.join(NAMES)}, a TOML file that declares "
        "one, or a folder of problem files."
    )


def _declared(table: Table, name: str, base: Path, wanted: Wanted) -> Suite:
    table.require({**WHOLE, **GROUPS, GROUP: "a list of tables, each under `[[group]]`"})
    cells: dict[str, Cell] = {}
    for group in table.groups(GROUPS):
        for cell in _cells(group, base, wanted):
            before = cells.setdefault(cell.label, cell)
            if before != cell:
                raise ConfigError(
                    f"the suite `{name}` has two cells `{cell.label}` that are not the same. Give "
                    "one of them another name: that of its file, or of its field."
                )
    about = table.values.get("about", f"All that `{table.path.name}` gives.")
    alone = table.values.get("alone", False)
    return Suite(table.values.get("name", name), about, tuple(cells.values()), alone)


def _cells(group: Table, base: Path, wanted: Wanted) -> Iterator[Cell]:
    """All cells of a group, seeds varying fastest."""
    seeds = wanted.seeds or group.values.get("seeds", SEEDS)
    several = [*_solves(group, base, wanted), *_fits(group, base, wanted), *_scripts(group, base)]
    if not several:
        raise ConfigError(
            f"`{group.path}`, line {group.line('problems')}: there is nothing to be done. Write "
            '`problems = ["mine.py"]`, or give `scans` or `scripts`.'
        )
    for problem, field, method, task in several:
        for seed in range(seeds):
            made = task(seed) if callable(task) else task
            yield Cell(problem, field, method, seed, made)


Named = tuple[str, str, str, Any]
"""Problem, field and method by name, and the task, or what makes one of a seed."""


def _solves(group: Table, base: Path, wanted: Wanted) -> Iterator[Named]:
    values = group.values
    limits: dict[str, float] = {name: values[name] for name in LIMITS if name in values}
    limits |= {"seconds": wanted.seconds} if wanted.seconds is not None else {}
    if "seconds" in limits:
        limits["seconds"] = float(limits["seconds"])
    paths = _paths(group, "problems", base, wanted)
    problems = [file for path in paths for file in problem_files(path, group.path)]
    methods = values.get("methods", [OWN])
    for each in methods:
        _require_method(group, each, wanted.methods)
    combinations = list(_assigned(group))
    named = itertools.product(problems, combinations, _fields(group).items(), methods)
    for file, assigned, (field, network), method in named:
        settings = "".join(f",{name}={value!r}" for name, value in assigned)
        task = Solve(
            file=file,
            method=None if method == OWN else method,
            network=network,
            limits=limits,
            values=assigned,
            estimate=values.get("estimate", "quick"),
        )
        yield f"{file.stem}{settings}", field, method, task


def _fields(group: Table) -> Mapping[str, Mapping[str, float]]:
    """The options of networks by their names."""
    given: Mapping[str, Mapping[str, float]] = group.values.get("fields", {OWN: {}})
    for name, network in given.items():
        for key, value in network.items():
            if key not in NETWORK or not isinstance(value, int | float) or not value > 0:
                raise group.wrong(
                    key,
                    f"of the field `{name}` is {value!r:.40}",
                    "Fields have `width`, `depth` and `frequency`, positive numbers.",
                )
    return given


def _assigned(group: Table) -> Iterator[tuple[tuple[str, Literal], ...]]:
    """Every combination of values for names of the files."""
    given: Mapping[str, list[Any]] = group.values.get("set", {})
    several = []
    for name, values in given.items():
        try:
            plain = [literals(repr(value))[0] for value in values]
        except (ValueError, IndexError) as cause:
            raise group.wrong(name, f"is {values!r:.60}", "Give plain values.") from cause
        several.append([(name, value) for value in plain])
    yield from itertools.product(*several)


def _require_method(group: Table, method: str, known: Collection[str]) -> None:
    short = method.partition("(")[0].strip()
    if known and short not in known and short != OWN and ":" not in short:
        raise group.wrong(
            "methods",
            f"has `{method}`, which is no method",
            f"Take {OWN}, one of {', '.join(known)}, or `package.module:Name`.",
        )


def _fits(group: Table, base: Path, wanted: Wanted) -> Iterator[Named]:
    seconds = float(wanted.seconds or group.values.get("seconds", 30.0))
    fast = group.values.get("fast", False)
    for path in _paths(group, "scans", base, wanted):
        for scan in scan_files(path):

            def fit(seed: int, scan: Any = scan) -> Task:
                points, reference = scan.sampled(wanted.samples, seed)
                return Fit(points, reference, seconds, fast)

            yield scan.name, OWN, OWN, fit


def _scripts(group: Table, base: Path) -> Iterator[Named]:
    for line in group.values.get("scripts", []):
        name, *arguments = shlex.split(line)
        file = base / name
        if not file.is_file():
            raise group.wrong("scripts", f"has `{line}`", f"There is no file `{file}`.")
        problem = " ".join([file.stem, *arguments])
        yield problem, OWN, OWN, Script(file.resolve(), tuple(arguments))


def _paths(group: Table, key: str, base: Path, wanted: Wanted) -> Iterator[Path]:
    """The paths of a list, patterns among them. Raises ConfigError for what is not there."""
    for text in group.values.get(key, []):
        if DATA in text and wanted.data is None:
            raise ConfigError(
                f"this suite measures files of yours. Give their folder: `--data FOLDER`, which "
                f"`{DATA}` stands for in `{group.path.name}`."
            )
        path = base / text.replace(DATA, str(wanted.data))
        several = sorted(path.parent.glob(path.name)) if "*" in path.name else [path]
        if not several or not all(each.exists() for each in several):
            raise group.wrong(key, f"has `{text}`", f"There is no such file or folder in `{base}`.")
        yield from (each.resolve() for each in several)
