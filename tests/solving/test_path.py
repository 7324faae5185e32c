"""How many modules a call passes on its way."""

import sys
from pathlib import Path

from siren_pde import solve
from tests.typed import module_at

POISSON = Path(__file__).parents[2] / "problems" / "poisson.py"
MODULES = 54
"""As many as a Poisson problem passes today, methods of dataclasses included: a number to lower."""

JUDGING = 5
"""As many judge the answer by its residuals."""


def test_poisson_passes_few_modules():
    file = module_at(POISSON, "poisson")
    solve(file.problem, estimate="none", quiet=True)  # what is imported on first use is imported
    passed = set()

    def see(frame, event, _):
        name = frame.f_globals.get("__name__", "")
        if event == "call" and name.startswith("siren_pde"):
            passed.add(name)

    sys.setprofile(see)
    try:
        solve(file.problem, estimate="none", quiet=True)
    finally:
        sys.setprofile(None)
    judging = {name for name in passed if name.startswith("siren_pde.estimates")}
    assert 0 < len(passed - judging) <= MODULES, sorted(passed)
    assert 0 < len(judging) <= JUDGING, sorted(judging)
