"""Everything that can go wrong for a user, as types: what was asked, why it cannot be, what to
write instead. Each type has a `code` that programs may rely on: it never changes.
"""

import sys
import warnings
from typing import ClassVar


class SirenPDEError(Exception):
    """The root of every error this package raises on purpose."""

    code: ClassVar[str] = "SP-ERROR"


class ConfigError(SirenPDEError, ValueError):
    """An option or combination of options that cannot work."""

    code: ClassVar[str] = "SP-CONFIG"


class DomainError(SirenPDEError, ValueError):
    """A domain that is empty, inverted, unbounded or cannot be sampled."""

    code: ClassVar[str] = "SP-DOMAIN"


class DerivativeError(SirenPDEError, TypeError):
    """A derivative that is unknown: of measured data, or along something that is no coordinate."""

    code: ClassVar[str] = "SP-DERIVATIVE"


class ResidualError(SirenPDEError, ValueError):
    """A condition whose residual has the wrong shape, arguments or values."""

    code: ClassVar[str] = "SP-RESIDUAL"


class NonFiniteError(SirenPDEError, ArithmeticError):
    """NaN or infinity where a finite number is needed."""

    code: ClassVar[str] = "SP-NON-FINITE"


class ProcessError(SirenPDEError, RuntimeError):
    """A process that the others of its job have waited for in vain."""

    code: ClassVar[str] = "SP-PROCESS"


class DataFileError(SirenPDEError, ValueError):
    """A file that is missing, truncated, malformed or holds nothing usable."""

    code: ClassVar[str] = "SP-DATA-FILE"


class StorageError(SirenPDEError, OSError):
    """Results that could not be written or read back."""

    code: ClassVar[str] = "SP-STORAGE"


class CheckpointError(StorageError):
    """A run that cannot be continued, or a state that cannot be stored or read back."""

    code: ClassVar[str] = "SP-CHECKPOINT"


class RunLockedError(StorageError):
    """A run that somebody else is writing."""

    code: ClassVar[str] = "SP-RUN-LOCKED"


class InputWarning(UserWarning):
    """An input that is read in one of several ways, or in part: which, and how to say otherwise."""

    code: ClassVar[str] = "SP-INPUT"


def say(text: str, kind: type[Warning] = InputWarning) -> None:
    """Warn at the line outside this package from which it was called."""
    level, frame = 1, sys._getframe()
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith("siren_pde."):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, kind, stacklevel=level)
