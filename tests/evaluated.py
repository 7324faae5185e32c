"""Values of results that were read back, by their points."""

from collections.abc import Sequence

import numpy as np
import torch

from siren_pde.fields.system import System
from siren_pde.scans.signed_distance import SignedDistance
from siren_pde.solving.solution import Solution


def evaluated(
    result: Solution | SignedDistance, points: Sequence[Sequence[float]]
) -> list[list[float]]:
    """One row for each point, one column for each unknown."""
    if isinstance(result, SignedDistance):
        return [[float(value)] for value in result(np.array(points))]
    field = result.field
    names = [*field.parts] if isinstance(field, System) else ["u"]
    x = torch.tensor(points, dtype=torch.float64)
    columns = [result.evaluate(lambda p, *u, i=i: u[i], x).reshape(-1) for i in range(len(names))]
    rows: list[list[float]] = torch.stack(columns, 1).tolist()
    return rows
