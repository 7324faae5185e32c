"""solve(): the one loop that all problems and methods share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn

from siren_pde.collocation.quadrature import Quadrature
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field
from siren_pde.numerics.precision import full_products
from siren_pde.optimisers.base import Method
from siren_pde.problem import Problem
from siren_pde.processes.attempts import begun, goes_on
from siren_pde.processes.launched import OTHERS, by_others
from siren_pde.processes.processes import Processes
from siren_pde.runs.folder import Run, checkpoints_in
from siren_pde.solving.course import Course
from siren_pde.solving.notebook import with_panel
from siren_pde.solving.prepare import Call, Effort, require_arguments
from siren_pde.solving.recording import USUALLY
from siren_pde.solving.report import Budget, Callback, Every
from siren_pde.solving.solution import Solution

Place = str | os.PathLike[str] | Run
"""The folder of a run, or one that is open already, whose owner closes it."""


def solve(
    problem: Problem,
    field: Field | nn.Module | None = None,
    method: Method[Any] | None = None,
    *,
    quadrature: Quadrature | None = None,
    budget: Budget | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    seed: int = 0,
    callbacks: Sequence[Callback] = (),
    estimate: Effort = "quick",
    quiet: bool = False,
    run: Place | None = None,
    checkpoint_every: Every | None = None,
    resume: Place | None = None,
    processes: Processes | None = None,
) -> Solution:
    """Find the field that makes all residuals of a problem vanish.

    *Main*: `problem`; `field` (default: a `Siren` that suits the method, its frequencies measured
    from the problem); `method` (default: `Auto`, which measures what the problem is and says why).

    *Other*: `quadrature` places the points (`Sobol(n)`, n of them in the interior; least squares
    takes its rule but chooses n by its number of features, so give it Sobol or Monte-Carlo);
    `budget` bounds seconds, steps or loss; `device` and `dtype` default to the field's device and
    the method's precision; `seed` fixes the points and the default field (a field of yours has its
    own); `callbacks` are called with a `Report` twice a second, or as often as `Every` says, and
    end the solve by returning `Stop("why")`; `estimate` is how much is spent on the error bar of
    the answer, "none", "quick" (a fraction of the solve) or "careful"; automatic choices go to
    stderr unless `quiet`, and in a notebook progress is shown.

    `run` is a folder that the solve is written to while it goes on: its choices, its course, a
    checkpoint as often as `checkpoint_every` says (default: every 30 seconds), and the answer. An
    earlier run there is replaced. `resume` is such a folder whose solve is to be continued, with
    the problem and, if they were given, the field, method and quadrature as then; seed, device,
    precision, estimate and budget are those of the run unless they are given. On the same machine,
    with as many threads, it goes on as if it had never stopped.

    Where `torchrun` has started several processes, each of which calls `solve` alike, they share
    it: each evaluates a part of the same points, all return the same answer, and the first one
    calls back, says and writes. `processes` are these, `Processes.joined(timeout=…)`, or
    `Processes()` for one that solves by itself. Where torchrun begins the job again, a `run` that
    it has begun goes on.

    The outcome is that of the answer, not of the method: `converged` where every condition's own
    residual is small at fresh points and the error, where it can be estimated, too.

    Raises ConfigError, DomainError, DerivativeError, ResidualError or NonFiniteError, with the
    condition's name where one cannot be evaluated; StorageError, RunLockedError or CheckpointError
    where the run cannot be written or continued; ProcessError where another process is gone.
    Ctrl-C ends the solve early and keeps what was reached.
    """
    require_arguments(budget, quadrature, seed, estimate, callbacks)
    call = Call(
        problem=problem,
        field=field,
        method=method,
        quadrature=quadrature,
        budget=budget,
        device=device,
        dtype=dtype,
        seed=seed,
        estimate=estimate,
        processes=_joined(device, field) if processes is None else processes,
    )
    if run is not None and resume is not None:
        raise ConfigError("`run` begins a run and `resume` continues one: give one of them.")
    first = call.processes.first
    say = announce if first and not quiet else (lambda text: None)
    if not OTHERS.keys().isdisjoint(os.environ) and (others := by_others()):
        say(others)
    run, resume = _continued(run, resume, call.processes)
    opened = _opened(run, resume) if first else nullcontext((None, False))
    rounded = torch.backends.cuda.matmul.allow_tf32
    products = full_products() if rounded else nullcontext()
    with products, opened as (folder, ours):
        course = Course(
            call,
            folder,
            every=checkpoint_every or USUALLY,
            callbacks=with_panel(callbacks, quiet=quiet),
            say=say,
            ends=ours,
            source=None if resume is None else _path(resume),
        )
        return course.begun() if resume is None else course.resumed()


def _joined(device: torch.device | str | None, field: Field | nn.Module | None) -> Processes:
    """Those that torchrun has started, for tensors on a device, or where the field is."""
    own = None if not isinstance(field, nn.Module) else next(field.parameters(), None)
    return Processes.joined(device or (own.device if own is not None else "cpu"))


def _continued(
    run: Place | None, resume: Place | None, processes: Processes
) -> tuple[Place | None, Place | None]:
    """What to begin and what to go on with: a run of a job that torchrun begins again goes on."""
    if run is None or isinstance(run, Run):
        return run, resume
    there = processes.first and goes_on(_path(run)) and bool(checkpoints_in(_path(run)).names)
    return (None, run) if processes.agreed(there) else (run, None)


def _path(place: Place) -> Path:
    return place.path if isinstance(place, Run) else Path(place)


@contextmanager
def _opened(run: Place | None, resume: Place | None) -> Iterator[tuple[Run | None, bool]]:
    """The folder to write to, if there is one, and whether it is opened and closed here."""
    place = resume if run is None else run
    if place is None or isinstance(place, Run):
        yield place, False
        return
    with Run.made(place) if resume is None else Run.opened(place) as folder:
        if resume is None:
            begun(folder.path)
        yield folder, True


def announce(text: str) -> None:
    """Say on standard error what is being done."""
    print(f"siren_pde: {text}", file=sys.stderr)
