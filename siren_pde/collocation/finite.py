"""Where derivatives are not finite though residuals are: of roots at zero, for example."""

from __future__ import annotations

import torch
from torch import Tensor

from siren_pde.collocation.objective import Objective, evaluating, require_finite
from siren_pde.errors import NonFiniteError


def require_finite_derivatives(objective: Objective, theta: Tensor) -> None:
    """Raise NonFiniteError, naming condition and point, unless all residuals are finite at θ, and
    their derivatives by the field as well.
    """
    require_finite(objective, theta)
    with evaluating(objective) as e:
        for rows in objective.collocated.rows:
            start = 0
            for r, seeds, _ in e.seeds(theta, [rows]):
                bad = torch.zeros(len(r), dtype=torch.bool, device=r.device)
                for seed in seeds:
                    for values in seed.values():
                        bad |= ~torch.isfinite(values).all(2).all(0)
                if bool(bad.any()):
                    _refuse(
                        rows.residual.name, rows.points.axes, rows.points.positions[start:][bad]
                    )
                start += len(r)


def _refuse(name: str, axes: tuple[str, ...], positions: Tensor) -> None:
    place = ", ".join(f"{a}={x:.6g}" for a, x in zip(axes, positions[0].tolist(), strict=True))
    raise NonFiniteError(
        f"the derivative of condition `{name}` by the field is not finite at {place}, though its "
        "value is. Look for a root or a norm that vanishes there: sqrt(x + 1e-12) has a slope at 0."
    )
