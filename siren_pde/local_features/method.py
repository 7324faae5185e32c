"""The method on local features: solve, look where residuals are left, halve boxes there."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.parameters import with_parameters
from siren_pde.local_features.adaptation import axes_to_cut, cut, marked
from siren_pde.local_features.assembly import Assembly
from siren_pde.local_features.discretised import Waves, assembled, start
from siren_pde.local_features.newton import minimised
from siren_pde.local_features.transfer import transferred
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.outcome import Outcome

SUITED = {
    1: (Waves(24, 4.0, 1), Waves(32, 4.0, 1)),
    2: (Waves(100, 4.0, 14), Waves(160, 4.0, 17)),
    3: (Waves(200, 3.5, 7), Waves(320, 3.5, 9)),
}
"""Waves, their band, and nodes along each axis of a face, by dimension, for coarse and for fine
residuals: of those tried on four holes and on four spheres the least time to an error.
"""
FINE = 1e-4
"""Where residuals are below this, more waves in each box gain more than more boxes."""
FIRST = {1: 4, 2: 16, 3: 8}
"""Boxes to begin with, at least."""
STALLED, TWICE = 4, 2.0
"""So many rounds in a row that do not lower the residual end the method, if unknowns have grown by
the second number meanwhile.
"""
GAIN = 0.8
"""A round lowers the residual if this share is left, or less."""
GROWTH = 4.0
"""A round has at most so many times as many boxes as the one before."""
COST = {1: 1.0, 2: 1.3, 3: 2.0}
"""Seconds grow with this power of the number of boxes."""
FITTED = 1e-4
"""A relative residual this small is a solution, though more boxes would lower it."""
ELONGATED = 0.7
"""Boxes to begin with have sides at least this long beside their longest."""


@dataclass(frozen=True, eq=False)
class State:
    """The whole problem, the boxes of the next round, what it starts from, and the best so far."""

    whole: Objective
    tree: BoxTree
    theta: Tensor | None = None
    before: tuple[Objective, Tensor] | None = None
    parents: Tensor | None = None
    best: float = math.inf
    stalled: int = 0
    reference: int = 1
    seconds: float = 0.0


@final
@dataclass(frozen=True)
class LocalFeatures(Method[State]):
    """Sines of their own in every box of a tree, found by sparse least squares.

    Values and normal derivatives of neighbours agree on faces. The boxes with the largest residuals
    at fresh points are halved, across the axes along which the solution is rough there, until the
    relative residual is below `tolerance`, or there are `most` unknowns. Problems that are not
    affine in the field are solved by Newton's method on each tree, from the solution on the one
    before.

    *Other*: `waves` of a box, from −band to band radians per half side, and nodes along the axes of
    a face.

    Sources: Chen, Chi, E and Yang (2022) for local random features; the matching is that of least
    squares spectral elements (Proot and Gerritsma, J. Sci. Comput. 17, 2002).
    """

    tolerance: float = 1e-8
    most: int = 100_000
    waves: Waves | None = None
    name: str = "local features"
    dtype: torch.dtype = torch.float64
    architecture: Architecture = Architecture(1, 1)

    def __post_init__(self) -> None:
        if not (self.tolerance > 0 and self.most >= 1):
            raise ConfigError(
                f"`LocalFeatures` needs a tolerance > 0 and unknowns, got {self.tolerance} and "
                f"{self.most}."
            )

    def points(self, parameters: int) -> int:
        """Points at which the loss is reported."""
        return 1024

    def start(self, objective: Residuals) -> Iterate[State]:
        """The zero field on a few boxes of nearly equal sides."""
        whole = require_boxes(objective)
        tree = _first(whole)
        waves = self._waves(tree, math.inf)
        _, local = assembled(whole, tree, waves)
        theta = start(local)
        return Iterate(local, theta, local.loss(theta), State(whole, tree))

    def step(self, at: Iterate[State], spent: Spent) -> Iterate[State]:
        """Solve on the boxes, and choose those of the next round."""
        began, state = time.monotonic(), at.state
        tree, waves = state.tree, self._waves(state.tree, state.best)
        assembly, local = assembled(state.whole, tree, waves)
        theta = start(local)
        affine = state.whole.collocated.affine
        if state.before is not None and state.parents is not None and not affine:
            objective, old = state.before
            field = with_parameters(objective.field, old)
            theta = transferred(field, local.field, state.parents)
        theta = minimised(assembly, tree, theta, affine=affine).theta
        fresh, _ = assembled(state.whole, tree, waves, seed=1 + state.whole.seed)
        fresh = fresh.scaled(theta)
        squares = fresh.squares(theta)
        residual = _relative(fresh, theta, squares)
        unknowns = assembly.unknowns
        note = f"{int(assembly.used.sum())} boxes, {unknowns} unknowns: residual {residual:.1e}"
        improved = residual < GAIN * state.best
        state = replace(
            state,
            before=(local, theta),
            best=min(residual, state.best),
            stalled=0 if improved else state.stalled + 1,
            reference=unknowns if improved else state.reference,
        )
        if residual < at.state.best:
            at = Iterate(local, theta, local.loss(theta), state, note)
        at = replace(at, state=state, note=note)
        seconds = time.monotonic() - began
        if end := self._end(state, residual, unknowns):
            return replace(at, finished=end[0], outcome=end[1])
        left = max(spent.left - seconds, 0.0)
        d = tree.low.shape[1]
        growth = min(GROWTH, self.most / unknowns, (0.8 * left / seconds) ** (1 / COST[d]))
        room = int((growth - 1) * len(tree) / (2**d - 1))
        if room < 1:
            done = f"another round would take longer than is left, {note}"
            return replace(at, finished=done, outcome=Outcome.budget)
        local_field = with_parameters(local.field, theta)
        nets = [net for net in local_field.networks().values() if isinstance(net, LocalSines)]
        boxes = marked(squares, room)
        following, parents = cut(tree, boxes, axes_to_cut(nets, boxes, fresh.whole[boxes]))
        state = replace(state, tree=following, parents=parents)
        return replace(at, state=state)

    def _waves(self, tree: BoxTree, residual: float) -> Waves:
        coarse, fine = SUITED[tree.low.shape[1]]
        return self.waves or (fine if residual < FINE else coarse)

    def _end(self, state: State, residual: float, unknowns: int) -> tuple[str, Outcome] | None:
        text = f"{unknowns} unknowns in boxes leave a residual of {residual:.1e}"
        solved = Outcome.converged if state.best < FITTED else Outcome.unresolved
        if residual < self.tolerance:
            return text, Outcome.converged
        if state.stalled >= STALLED and unknowns > TWICE * state.reference:
            return f"{text}, and more of them do not lower it", solved
        if unknowns >= 0.8 * self.most:
            return f"{text}, and there may be {self.most} at most", solved
        return None


def require_boxes(objective: Residuals) -> Objective:
    """The residuals of a problem that boxes suit. Raises ConfigError for others."""
    if why := unsuited(objective):
        raise ConfigError(f"`LocalFeatures` {why}. Take `LeastSquares()` or `GaussNewton()`.")
    assert isinstance(objective, Objective)
    return objective


def unsuited(objective: Residuals) -> str:
    """Why boxes do not suit a problem; nothing if they do."""
    if not isinstance(objective, Objective):
        return "needs the residuals of a problem for a field"
    d, rows = len(objective.collocated.problem.axes), objective.collocated.rows
    if d not in SUITED:
        return f"has boxes in {len(SUITED)} coordinates at most, got {d}"
    if any(r.residual.places for r in rows):
        return "cannot take an unknown at other places than the points themselves"
    if not any(r.condition.domain.dimension == d for r in rows):
        return "needs an equation inside a domain"
    networks = objective.field.networks()
    if any(net.of or net.constant or net.inputs not in (0, d) for net in networks.values()):
        return "needs unknowns that depend on all coordinates"
    return ""


def _first(whole: Objective) -> BoxTree:
    """A few boxes with sides of nearly one length."""
    low, high = (torch.tensor(b, dtype=torch.float64) for b in whole.collocated.problem.bounds)
    tree = BoxTree.around(low, high)
    while len(tree) < FIRST[len(low)]:
        sides = (tree.high - tree.low)[0]
        longest = [i for i, side in enumerate(sides) if side >= ELONGATED * sides.max()]
        tree, _ = tree.split([longest] * len(tree))
    return tree


def _relative(fresh: Assembly, theta: Tensor, squares: Tensor) -> float:
    """The size of the residuals relative to that of the zero field's."""
    return float(squares.sum().sqrt()) / max(fresh.data(theta), _tiny(squares))


def _tiny(like: Tensor) -> float:
    return torch.finfo(like.dtype).tiny
