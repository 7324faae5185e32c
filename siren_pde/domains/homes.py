"""Where the unknowns of a solution live: what its file knows of that, without a problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import final

from siren_pde.domains.base import Domain
from siren_pde.errors import ConfigError, SirenPDEError


@final
@dataclass(frozen=True)
class Homes:
    """The domain of each unknown by name, and why those that are missing are."""

    known: Mapping[str, Domain] = field(default_factory=dict)
    lacking: str = "none is stored with it"

    def of(self, unknown: str) -> Domain:
        """Where an unknown lives. Raises ConfigError, saying why, where that is not known."""
        if unknown not in self.known:
            raise ConfigError(
                f"this solution has no problem, and the domain of `{unknown}` is unknown "
                f"({self.lacking}): attach the problem, `load(path, problem)`."
            )
        return self.known[unknown]


def known_homes(unknowns: Iterable[str], home: Callable[[str], Domain]) -> dict[str, Domain]:
    """Where each unknown lives, as far as `home` knows."""
    homes = {}
    for name in unknowns:
        try:
            homes[name] = home(name)
        except SirenPDEError:  # nothing is known of it, and the rest is
            continue
    return homes
