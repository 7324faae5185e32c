"""A field on one tree of boxes, written in the waves of another."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from siren_pde.fields.base import Field
from siren_pde.fields.local_sines import LocalSines

TICKS = {1: 48, 2: 16, 3: 9}
"""Gauss points along an axis of a box at which its waves are fitted, by dimension."""
DAMPED = 1e-13
"""Relative singular values of the waves below this are left out."""


def transferred(before: Field, after: Field, parents: Tensor) -> Tensor:
    """θ of the field `after`, equal to `before`; box k of the one lies in box parents[k] of the
    other.
    """
    parts, old = [], before.networks()
    for name, net in after.networks().items():
        source = old[name]
        if isinstance(net, LocalSines) and isinstance(source, LocalSines):
            parts.append(_coefficients(source, net, parents).flatten())
        else:
            parts.append(torch.cat([q.detach().flatten() for q in source.parameters()]))
    return torch.cat(parts)


@torch.no_grad()
def _coefficients(old: LocalSines, new: LocalSines, parents: Tensor) -> Tensor:
    """Copied where a box is as it was, fitted at points of it where it is a part."""
    d = new.inputs
    source = old.owner[parents]
    alike = new.waves.shape == old.waves.shape and new.band == old.band
    alike = alike and new.features == old.features
    c = torch.zeros_like(new.coefficients)
    moved = (new.low != old.low[source]).any(1) | (new.high != old.high[source]).any(1)
    if alike:
        c[~moved] = old.coefficients.detach()[source[~moved]]
    changed = (moved | (not alike)).nonzero()[:, 0]
    gauss = np.polynomial.legendre.leggauss(TICKS.get(d, 6))[0]
    ticks = torch.tensor(gauss, device=parents.device)
    grid = torch.cartesian_prod(*[ticks] * d).view(-1, d)
    waves = torch.sin(grid @ new.waves.T + new.phases)
    inverse = torch.linalg.pinv(waves, rtol=DAMPED)
    tree = new.tree
    for piece in torch.split(changed, max(1, (1 << 21) // waves.numel())):
        x = tree.centre[piece][:, None] + grid * tree.half[piece][:, None]
        boxes = source[piece].repeat_interleave(len(grid))
        (sines,) = old.derivatives(x.view(-1, d), boxes, [()])
        values = torch.einsum("gom,gm->go", old.coefficients.detach()[boxes], sines)
        values = values.view(len(piece), len(grid), -1)
        c[piece, :, : new.sines] = torch.einsum("mg,kgo->kom", inverse, values)
    return c
