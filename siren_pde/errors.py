"""Everything that can go wrong for a user, as types: what was asked, why it cannot be, what to
write instead.
"""


class SirenPDEError(Exception):
    """The root of every error this package raises on purpose."""


class ConfigError(SirenPDEError, ValueError):
    """An option or combination of options that cannot work."""


class DomainError(SirenPDEError, ValueError):
    """A domain that is empty, inverted, unbounded or cannot be sampled."""


class DerivativeError(SirenPDEError, TypeError):
    """A derivative that is unknown: of measured data, or along something that is no coordinate."""


class ResidualError(SirenPDEError, ValueError):
    """A condition whose residual has the wrong shape, arguments or values."""


class NonFiniteError(SirenPDEError, ArithmeticError):
    """NaN or infinity where a finite number is needed."""


class DataFileError(SirenPDEError, ValueError):
    """A file that is missing, truncated, malformed or holds nothing usable."""


class StorageError(SirenPDEError, OSError):
    """Results that could not be written or read back."""


class CheckpointError(StorageError):
    """A run that cannot be continued, or a state that cannot be stored or read back."""


class RunLockedError(StorageError):
    """A run that somebody else is writing."""
