"""Residuals linear in output layers, row by row: how large they are, and what minimises them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from siren_pde.collocation.objective import Objective, evaluating
from siren_pde.numerics.least_squares import Fit, least_squares, norm
from siren_pde.numerics.spread import spread_least_squares, spread_size
from siren_pde.processes.processes import Processes

Weights = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class OutputSystem:
    """The linear model A x + b of the residuals (N,) in moves x (q,) of all output layers.

    `rows` says which rows belong to which condition, `weights` what their mean squares are
    multiplied by already. They are those of one process where several share them: sizes and the
    solution are those of all.
    """

    matrix: Tensor
    right: Tensor
    rows: Mapping[str, slice]
    weights: Weights
    processes: Processes = Processes()

    @staticmethod
    def of(objective: Objective, theta: Tensor) -> OutputSystem:
        """Linearised at θ; exact where residuals are affine in the field."""
        own, weights = objective.collocated.own, objective.collocated.weights
        processes = objective.collocated.processes
        with evaluating(objective) as e:
            b, a = e.output_jacobian(theta, own.rows)
        return OutputSystem(a, b, own.slices, weights, processes)

    @property
    def size(self) -> float:
        """‖b‖."""
        return self._size(self.right)

    def column_sizes(self) -> dict[str, float]:
        """The root mean square length of the columns of A in each condition's rows, as if all
        weights were one.
        """
        root = math.sqrt(self.matrix.shape[1])
        sizes = {n: self._norm(self.matrix, n) / root for n in self.weights}
        return {name: size / math.sqrt(self.weights[name]) for name, size in sizes.items()}

    def balance(self, instead: Weights | None = None) -> dict[str, float]:
        """The factor of each condition's rows that gives the columns of A a mean square of one,
        times the condition's weight.

        Conditions are made comparable as if all weights were one, lest that take the weights back.
        Where A does next to vanish, the size may be given as `instead`; no factor vanishes: the
        size is that of the data then, or one.
        """
        sizes = {**self.column_sizes(), **(instead or {})}
        for name in self.weights:
            right = self._norm(self.right, name) / math.sqrt(self.weights[name])
            known = (size for size in (sizes[name], right) if 0 < size < math.inf)
            sizes[name] = next(known, 1.0)
        return {name: 1 / size for name, size in sizes.items()}

    def weigh(self, weights: Weights) -> None:
        """Multiply the rows of each condition by its factor, in place: A may be large."""
        for name, rows in self.rows.items():
            self.matrix[rows] *= weights[name]
            self.right[rows] *= weights[name]

    def solve(self, *, tolerance: float | None = None, keep: bool = False) -> Fit:
        """The move x (q,) that minimises ‖A x + b‖; overwrites A unless it is to be kept."""
        a = self.matrix.clone() if keep else self.matrix
        if self.processes.several:
            return spread_least_squares(a, -self.right, self.processes, tolerance=tolerance)
        return least_squares(a, -self.right, tolerance=tolerance)

    def _norm(self, values: Tensor, name: str) -> float:
        """The norm of a condition's rows of A or b, of which this process may have none."""
        return self._size(values[self.rows.get(name, slice(0, 0))])

    def _size(self, own: Tensor) -> float:
        return spread_size(own, self.processes) if self.processes.several else norm(own)
