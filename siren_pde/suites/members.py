"""The members of a sweep: every combination of values, for every seed, each in its own folder."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from siren_pde.errors import ConfigError
from siren_pde.files.literals import Literal

LONGEST = 120
"""Letters of a folder's name; longer ones end in a hash."""


@final
@dataclass(frozen=True)
class Member:
    """One run: the values of names in the problem's file, and a seed."""

    values: tuple[tuple[str, Literal], ...]
    seed: int

    @property
    def settings(self) -> list[str]:
        """Each value as the command line takes it, `nu=0.1`."""
        return [f"{name}={value!r}" for name, value in self.values]

    @property
    def group(self) -> str:
        """The values, which members of other seeds share; empty without any."""
        return ", ".join(self.settings)

    @property
    def label(self) -> str:
        """The name of its folder, `nu=0.1,seed=0`."""
        return folder_name(",".join([*self.settings, f"seed={self.seed}"]))

    def folder(self, root: Path) -> Path:
        """Its folder in that of the sweep."""
        return root / self.label


def folder_name(plain: str) -> str:
    """A name for a folder, which says what is in it; others get another one."""
    name = re.sub(r"[^\w.+=,-]+", "_", plain)
    if name == plain and len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(plain.encode()).hexdigest()[:8]
    return f"{name[:LONGEST]}~{digest}"


def members(values: Mapping[str, Sequence[Literal]], seeds: int) -> list[Member]:
    """All members, seeds varying fastest. Raises ConfigError unless there are seeds, and for values
    that are given twice.
    """
    if seeds < 1:
        raise ConfigError(f"a sweep has at least one seed, got {seeds}.")
    for name, several in values.items():
        twice = [value for i, value in enumerate(several) if value in several[:i]]
        if twice:
            raise ConfigError(f"`--set {name}=…` gives {twice[0]!r} twice. Give each value once.")
    named = [[(name, value) for value in several] for name, several in values.items()]
    combinations = itertools.product(*named)
    return [Member(each, seed) for each in combinations for seed in range(seeds)]
