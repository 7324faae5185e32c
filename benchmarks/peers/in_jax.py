"""What the peers on JAX share: threads, the ansatz, derivatives at a point, and a weight."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from problems import PeerProblem


def limit_threads(threads: int) -> None:
    """XLA's own, and those of the LAPACK that it calls; before either is loaded."""
    os.environ |= {"NPROC": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}


def scaled(problem: PeerProblem, x: Any) -> Any:
    """A point (2,) of the box in (−1, 1)²."""
    low, high = np.array(problem.box, dtype=float).T
    return (2 * x - low - high) / (high - low)


def ansatz(problem: PeerProblem, jax: Any, x: Any, v: Any) -> Any:
    """lift + factor · v at a point (2,)."""
    return problem.lift(jax.numpy, *x) + problem.factor(jax.numpy, *x) * v


def residual_at(problem: PeerProblem, jax: Any, x: Any, u: Callable[[Any], Any]) -> Any:
    """The residual () of u: (2,) → () at a point (2,), with derivatives by forward mode."""

    def d(*axes: int) -> Any:
        f = u
        for axis in axes:
            f = along(f, axis)
        return f(x)

    def along(f: Callable[[Any], Any], axis: int) -> Callable[[Any], Any]:
        way = jax.numpy.eye(2)[axis]
        return lambda x: jax.jvp(f, (x,), (way,))[1]

    return problem.residual(jax.numpy, x, u(x), d)


def weight(problem: PeerProblem, jax: Any) -> float:
    """1 / mean r² of v = 0, so that the loss starts near 1 whatever the units."""

    def residual(x: Any) -> Any:
        return residual_at(problem, jax, x, lambda x: ansatz(problem, jax, x, 0.0))

    return 1 / float(np.mean(np.asarray(jax.vmap(residual)(problem.points())) ** 2))
