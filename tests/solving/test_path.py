"""How many modules a call passes on its way."""

import sys
from pathlib import Path

from siren_pde import solve
from tests.typed import module_at

POISSON = Path(__file__).parents[2] / "problems" / "poisson.py"
MODULES = 40
"""As many as a Poisson problem passes today, methods of dataclasses included: a number to lower."""


def test_poisson_passes_few_modules():
    file = module_at(POISSON, "poisson")
    solve(file.problem, quiet=True)  # what is imported on first use is imported
    passed = set()

    def see(frame, event, _):
        name = frame.f_globals.get("__name__", "")
        if event == "call" and name.startswith("siren_pde"):
            passed.add(name)

    sys.setprofile(see)
    try:
        solve(file.problem, quiet=True)
    finally:
        sys.setprofile(None)
    assert 0 < len(passed) <= MODULES, sorted(passed)
