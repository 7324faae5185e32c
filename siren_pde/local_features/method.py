"""The method on local features: solve, look where residuals are left, halve boxes there."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, final

import torch
from torch import Tensor

from siren_pde.collocation.objective import Objective
from siren_pde.errors import ConfigError
from siren_pde.fields.local_sines import LocalSines
from siren_pde.fields.parameters import with_parameters
from siren_pde.fields.powers import Powers
from siren_pde.local_features.adaptation import axes_to_cut, corners, cut, graded, marked
from siren_pde.local_features.assembly import Assembly
from siren_pde.local_features.crossings import powers_at_crossings
from siren_pde.local_features.discretised import Waves, assembled, redrawn
from siren_pde.local_features.first_boxes import first_boxes
from siren_pde.local_features.jumps import planes
from siren_pde.local_features.newton import minimised
from siren_pde.local_features.path import led
from siren_pde.local_features.suited import unfit
from siren_pde.local_features.transfer import transferred
from siren_pde.numerics.box_tree import BoxTree
from siren_pde.optimisers.base import Architecture, Iterate, Method, Residuals, Spent
from siren_pde.optimisers.outcome import Outcome

SUITED = {
    1: (Waves(24, 4.0), Waves(32, 4.0)),
    2: (Waves(100, 4.0), Waves(160, 4.0)),
    3: (Waves(200, 3.5), Waves(320, 3.5)),
}
"""Waves and their band by dimension, for coarse and for fine residuals: of those tried on four
holes and on four spheres the least time to an error.
"""
FINE = 1e-4
"""Where residuals are below this, more waves in each box gain more than more boxes."""
STALLED, TWICE = 4, 2.0
"""So many rounds in a row that do not lower the residual end the method, if unknowns have grown by
the second number meanwhile.
"""
GAIN = 0.8
"""A round lowers the residual if this share is left, or less."""
GROWTH = {1: 4.0, 2: 4.0, 3: 8.0}
"""A round has at most so many times as many boxes as the one before: in space all may be halved."""
WORK = 2.5
"""And with this power of the number of waves in each."""
COST = {1: 1.0, 2: 1.3, 3: 2.0}
"""Seconds grow with this power of the number of boxes."""
PART = 0.4
"""The share of the seconds left that a round may take: measuring the error takes another."""
HELD = 0.5
"""And this share, if others have used up some of the seconds since it was planned."""
LEADING, NEWTON = 0.3, 0.6
"""No path is followed beyond the first share of the seconds left, and no step of Newton's method
begins after the second.
"""
FITTED = 1e-4
"""A relative residual this small is a solution, though more boxes would lower it."""
SLOW, DEEPER = 3.0, 3
"""Where the squares of residuals fall with less than this power of the size of boxes there is a
singularity: the boxes at it are cut so many times at once. Smooth solutions have powers of ten and
more, corners of one or two.
"""
ROOM = 16
"""Boxes that such a corner takes, at least."""
MUCH = 0.1
"""Only boxes with this share of all squares are looked at as singular."""


@dataclass(frozen=True, eq=False)
class Answer:
    """θ of an objective on boxes of mean sides `sizes` (K,), and what is left at fresh points: the
    squares (K,) of each box, and the size of all of them relative to that of the zero field's.
    """

    objective: Objective
    theta: Tensor
    fresh: Assembly
    squares: Tensor
    sizes: Tensor
    residual: float

    @property
    def boxes(self) -> int:
        """How many boxes have a part of the domain."""
        return int(self.fresh.used.sum())

    @property
    def unknowns(self) -> int:
        """How many coefficients there are."""
        return self.fresh.unknowns


@dataclass(frozen=True, eq=False)
class State:
    """The whole problem, the boxes of the next round, the powers that unknowns have in them, the
    boxes they come from, the last answer, the best residual so far, and how many rounds have not
    lowered it since there were `reference` unknowns. The next round is `expected` to take so many
    seconds.
    """

    whole: Objective
    tree: BoxTree
    powers: Mapping[str, Powers]
    parents: Tensor | None = None
    last: Answer | None = None
    best: float = math.inf
    stalled: int = 0
    reference: int = 1
    expected: float = 0.0


@final
@dataclass(frozen=True)
class LocalFeatures(Method[State]):
    """Sines of their own in every box of a tree, found by sparse least squares.

    Values and normal derivatives of neighbours agree on faces. The boxes with the largest residuals
    at fresh points are halved, across the axes along which the solution is rough there, until the
    relative residual is below `tolerance`, or there are `most` unknowns. Problems that are not
    affine in the field are solved by Newton's method on each tree, from the solution on the one
    before.

    Several processes that share a solve have subtrees of boxes each.

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
    shared: ClassVar[bool] = True
    descends: ClassVar[bool] = False

    def points(self, parameters: int) -> int:
        """Points at which the loss is reported."""
        return 1024

    def start(self, objective: Residuals) -> Iterate[State]:
        """The zero field on a few boxes of nearly equal sides."""
        whole = require_boxes(objective)
        jumps = planes(whole.collocated)
        powers = powers_at_crossings(whole.collocated, jumps)
        state = State(whole, first_boxes(whole.collocated, jumps, powers), powers)
        _, local = assembled(whole, state.tree, self._waves(state, math.inf))
        theta = local.parameters
        return Iterate(local, theta, local.loss(theta), state)

    def step(self, at: Iterate[State], spent: Spent) -> Iterate[State]:
        """Solve on the boxes, and choose those of the next round."""
        began, state, before = time.monotonic(), at.state, at.state
        if state.expected > HELD * spent.left:
            return self._out_of_time(at, "another round would take longer than is left")
        answer = self._solved(state, began, spent.left)
        note = f"{answer.boxes} boxes, {answer.unknowns} unknowns: residual {answer.residual:.1e}"
        improved = answer.residual < GAIN * state.best
        state = replace(
            state,
            last=answer,
            best=min(answer.residual, state.best),
            stalled=0 if improved else state.stalled + 1,
            reference=answer.unknowns if improved else state.reference,
        )
        if answer.residual < at.state.best:
            loss = answer.objective.loss(answer.theta)
            at = Iterate(answer.objective, answer.theta, loss, state)
        seconds = state.whole.collocated.processes.agreed(time.monotonic() - began)
        at = replace(at, state=state, note=note, again=max(seconds, at.again))
        if end := self._end(state, answer):
            return replace(at, finished=end[0], outcome=end[1])
        d, left = state.tree.low.shape[1], max(spent.left - seconds, 0.0)
        now, later = (self._waves(state, best).features for best in (before.best, state.best))
        seconds *= (later / now) ** WORK
        most = self.most / (answer.unknowns * later / now)
        growth = min(GROWTH[d], most, (PART * left / seconds) ** (1 / COST[d]))
        room = int((growth - 1) * len(state.tree) / (2**d - 1))
        if room < 1:
            limit = f"there may be {self.most} unknowns at most"
            done = limit if growth == most else "another round would take longer than is left"
            return self._out_of_time(at, done)
        tree, parents = _refined(before, answer, room)
        seconds *= (len(tree) / len(state.tree)) ** COST[d]
        return replace(at, state=replace(state, tree=tree, parents=parents, expected=seconds))

    def _out_of_time(self, at: Iterate[State], why: str) -> Iterate[State]:
        """The end that a limit makes."""
        solved = Outcome.converged if at.state.best < FITTED else Outcome.budget
        return replace(at, finished=f"{why}, {at.note}", outcome=solved)

    def _solved(self, state: State, began: float, seconds: float) -> Answer:
        """The solution on the present boxes, and its residuals at fresh points."""
        tree, waves = state.tree, self._waves(state, state.best)
        assembly, local = assembled(state.whole, tree, waves)
        theta, affine = local.parameters, state.whole.collocated.affine
        if state.last is not None and state.parents is not None and not affine:
            before = with_parameters(state.last.objective.field, state.last.theta)
            theta = transferred(before, local.field, state.parents)
        elif not affine:
            theta = led(assembly, tree, theta, deadline=began + LEADING * seconds).theta
        deadline = began + NEWTON * seconds
        theta = minimised(assembly, tree, theta, affine=affine, deadline=deadline).theta
        fresh = redrawn(assembly, state.whole, waves, seed=1 + state.whole.seed).scaled(theta)
        squares = fresh.squares(theta)
        residual = float(squares.sum().sqrt()) / max(fresh.data(theta), 1e-300)
        sizes = tree.half.log().mean(1).exp()
        return Answer(local, theta, fresh, squares, sizes, residual)

    def _waves(self, state: State, residual: float) -> Waves:
        coarse, fine = SUITED[state.tree.low.shape[1]]
        waves = self.waves or (fine if residual < FINE else coarse)
        return waves._replace(powers=state.powers)

    def _end(self, state: State, answer: Answer) -> tuple[str, Outcome] | None:
        residual, unknowns = answer.residual, answer.unknowns
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
    if (d := len(objective.collocated.problem.axes)) not in SUITED:
        return f"has boxes in {len(SUITED)} coordinates at most, got {d}"
    return unfit(objective, constants=True)


def _refined(state: State, answer: Answer, room: int) -> tuple[BoxTree, Tensor]:
    """The boxes of the next round, and the box that each of them comes from."""
    field = with_parameters(answer.objective.field, answer.theta)
    nets = [net for net in field.networks().values() if isinstance(net, LocalSines)]
    boxes = marked(answer.squares, answer.sizes ** len(state.tree.low[0]), room)
    tree, parents = cut(state.tree, boxes, axes_to_cut(nets, boxes, answer.fresh.whole[boxes]))
    slow = _singular(state, answer)
    if len(slow) and room > ROOM:
        at = corners(state.tree, slow, answer.fresh.peaks(answer.theta)[slow])
        tree, more = graded(tree, at, DEEPER)
        parents = parents[more]
    return tree, parents


def _singular(state: State, answer: Answer) -> Tensor:
    """The boxes (n,) that were halved and have kept too much of their residuals."""
    if state.last is None or state.parents is None:
        return answer.squares.new_zeros((0,), dtype=torch.long)
    squares, before = answer.squares, state.last
    shrunk = answer.sizes / before.sizes[state.parents]
    kept = squares / before.squares[state.parents].clamp_min(torch.finfo(squares.dtype).tiny)
    much = squares > MUCH * squares.sum()
    return (much & (shrunk < 1) & (kept > shrunk**SLOW)).nonzero()[:, 0]
