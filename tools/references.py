"""Compute the references that problems are compared with, and how accurate they are.

    python tools/references.py [NAME …] [--quick] [--check]

solves each `benchmarks/references/NAME.py` at three levels and writes
`problems/references/NAME.h5`, or `benchmarks/FOLDER/references/NAME.h5` where the recipe gives a
`FOLDER`. `--quick` leaves out the expensive ones, `--check` compares with the files instead of
writing them.
"""

import argparse
import importlib.util
import itertools
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from siren_pde.references import read_reference
from siren_pde.types import Reference

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
RECIPES = BENCHMARKS / "references"
SPECTRAL = 10.0
"""By how much errors of a spectral method fall from level to level, at least."""
EXACT = 1e-11
"""Differences this small are rounding errors, and tell no order."""
LARGEST = 300_000


@dataclass(frozen=True)
class Computed:
    """A recipe's reference, and the relative L² differences of each level from the next."""

    reference: Reference
    steps: tuple[float, float]

    @property
    def order(self) -> float:
        """log₂ of the ratio of the differences; infinite where they are rounding errors."""
        return math.inf if self.steps[1] < EXACT else math.log2(self.steps[0] / self.steps[1])


def names() -> list[str]:
    """All recipes."""
    return sorted(p.stem for p in RECIPES.glob("*.py") if hasattr(recipe(p.stem), "LEVELS"))


def recipe(name: str) -> ModuleType:
    """The module `benchmarks/references/NAME.py`, which may import its neighbours."""
    for folder in (RECIPES, BENCHMARKS):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location(f"reference_{name}", RECIPES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stored_at(name: str) -> Path:
    """The file of a recipe's reference, beside the problems that are compared with it."""
    folder = getattr(recipe(name), "FOLDER", None)
    beside = BENCHMARKS / folder if folder else ROOT / "problems"
    return beside / "references" / f"{name}.h5"


def computed(made: ModuleType) -> Computed:
    """The finest level, its accuracy estimated from how the levels approach each other."""
    levels = [
        {k: np.asarray(v, dtype=np.float64) for k, v in made.solve(x).items()} for x in made.LEVELS
    ]
    steps = tuple(difference(a, b) for a, b in itertools.pairwise(levels))
    ratio = 2**made.ORDER if made.ORDER else SPECTRAL
    accuracy = max(steps[-1] / (ratio - 1), 1e-15)
    ticks = {axis: np.asarray(row, dtype=np.float64) for axis, row in made.TICKS.items()}
    return Computed(Reference(ticks, levels[-1], made.METHOD, accuracy), steps[-2:])


def converges(made: ModuleType, found: Computed) -> bool:
    """Whether the order observed is, up to 0.25, at least the order claimed."""
    claimed = made.ORDER or math.log2(SPECTRAL)
    return found.order > claimed - 0.25


def difference(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> float:
    """‖a − b‖ / ‖b‖ over all unknowns where both are known."""
    apart = size = 0.0
    for name in b:
        known = np.isfinite(a[name]) & np.isfinite(b[name])
        apart += float(np.square(a[name] - b[name])[known].sum())
        size += float(np.square(b[name])[known].sum())
    return math.sqrt(apart / size)


def main() -> None:
    """Read the arguments, and exit with 1 if any reference is not what it claims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    wrong = []
    for name in options.names or names():
        made, path = recipe(name), stored_at(name)
        if options.quick and not made.QUICK:
            continue
        started = time.monotonic()
        found = computed(made)
        good = converges(made, found)
        if options.check:
            stored = read_reference(path)
            apart = difference(dict(found.reference.values), dict(stored.values))
            good = good and apart <= max(stored.accuracy, 1e-9)
            said = f"{apart:.1e} from the file"
        else:
            path.parent.mkdir(exist_ok=True)
            found.reference.save(path)
            good = good and path.stat().st_size <= LARGEST
            said = f"{path.stat().st_size / 1e3:.0f} kB"
        print(
            f"{name}: accuracy {found.reference.accuracy:.1e}, order {found.order:.1f} (claimed "
            f"{made.ORDER or 'spectral'}), {said}, {time.monotonic() - started:.0f} s"
            f"{'' if good else '   WRONG'}",
            flush=True,
        )
        wrong += [] if good else [name]
    if wrong:
        sys.exit(f"not as claimed: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
