"""What is said about how a file was read: a warning that names the caller's line, not ours."""

from __future__ import annotations

import sys
import warnings

from siren_pde.errors import InputWarning

OTHERWISE = "Say otherwise by `--columns x,y,z,…`, or by `columns=` of `read_points`."
"""The remedy wherever columns were understood by what they hold."""


def say(text: str) -> None:
    """Warn at the line outside this package from which a file is read."""
    level, frame = 1, sys._getframe()
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith("siren_pde."):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, InputWarning, stacklevel=level)
