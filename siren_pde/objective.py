"""The only seam between differential equations and optimisation: residuals r(θ) and their Jacobian.

Rows are scaled by √(weight · w_i / Σw), so that ½‖r‖² is half the sum of weighted mean squares over
the domains. The heavy half of every product, θ ↔ channels, belongs to the field; the light half,
channels ↔ residual, to `siren_pde.residuals`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from siren_pde.fields.base import Evaluation, Field
from siren_pde.points import Points
from siren_pde.problem import Condition, Problem
from siren_pde.quadrature import Quadrature, Sobol
from siren_pde.residuals import Light
from siren_pde.sampling import Sample, Sampling, drawn_to_residuals, require_matching, shares

Evaluations = Mapping[str, Evaluation]
Seeds = dict[str, Tensor]


class Objective:
    """The residuals of a problem for a field at collocation points, as a function of flat θ (p,).

    `points` is the number of points of each condition, by the condition or its name, and `rule` the
    quadrature that places them; dtype and device are the field's. At most `block` points are
    evaluated at once. `frequencies` are those the problem's data suggest.

    Raises ResidualError, naming the condition, if a residual cannot be evaluated.
    """

    def __init__(
        self,
        problem: Problem,
        field: Field,
        points: Mapping[Condition | str, int] | None = None,
        *,
        rule: Quadrature | None = None,
        seed: int = 0,
        block: int | None = None,
        frequencies: tuple[float, ...] | None = None,
    ) -> None:
        self.problem, self.field = problem, field
        self.block = block or (1024 if next(field.parameters()).device.type == "cpu" else 65536)
        self.frequencies = frequencies
        rule = rule or Sobol(1024)
        given = {c if isinstance(c, str) else c.name: n for c, n in (points or {}).items()}
        require_matching(problem, field, given)
        self.sampling = Sampling(problem, rule, {**shares(problem, rule.n), **given}, seed)
        self.samples = self.sampling.draw(lambda c, p: Light.of(c, field, p), self._ordered()[0])

    # ── where the residuals are taken ─────────────────────────────────────────────────────────

    @property
    def seed(self) -> int:
        """The seed of the points."""
        return self.sampling.seed

    def _with(self, **changes: object) -> Objective:
        copy = object.__new__(Objective)
        copy.__dict__.update(self.__dict__, **changes)
        return copy

    def _sampled(self, sampling: Sampling) -> Objective:
        lights = {s.condition.name: s.light for s in self.samples}
        samples = sampling.draw(lambda condition, _: lights[condition.name], self._ordered()[0])
        return self._with(sampling=sampling, samples=samples)

    def redrawn(self, seed: int) -> Objective:
        """The same residuals at fresh points."""
        return self._sampled(replace(self.sampling, seed=seed))

    def sized(self, n: int) -> Objective:
        """The same residuals at n interior points, as `Sampling.sized` says."""
        return self._sampled(self.sampling.sized(n))

    def with_points(self, points: Mapping[str, Points]) -> Objective:
        """The same residuals, at other points for the conditions named."""
        samples = (
            self.sampling.sample(s.light, points.get(s.condition.name, s.points))
            for s in self.samples
        )
        return self._with(samples=tuple(samples))

    def emphasised(self, weight: float) -> Objective:
        """The same residuals, those on boundaries times √weight."""
        sampling = self.sampling.emphasised(self.samples, weight)
        samples = tuple(sampling.sample(s.light, s.points) for s in self.samples)
        return self._with(sampling=sampling, samples=samples)

    def adapted(self, theta: Tensor, share: float, seed: int) -> Objective:
        """Fresh points, in the interior a `share` of them where residuals at θ are large.

        They come from four times as many candidates and have equal weights: the loss stresses what
        is not yet solved.
        """
        fresh, pool = self.redrawn(seed), 4
        candidates = self._sampled(replace(self.sampling.times(pool), seed=seed)).samples
        chosen = {}
        for name, s in self.sampling.interior(candidates).items():
            r = torch.linalg.vector_norm(self._residual(theta, s.light, s.points), dim=1)
            index = drawn_to_residuals(r, max(len(r) // pool, 1), share, seed)
            chosen[name] = replace(s.points.select(index), weights=torch.ones_like(r[index]))
        return fresh.with_points(chosen)

    def rows(self) -> dict[str, slice]:
        """Which rows of r belong to which condition."""
        sizes = [len(s.points) * s.light.components for s in self.samples]
        ends = list(itertools.accumulate(sizes))
        names = [s.condition.name for s in self.samples]
        return {n: slice(e - k, e) for n, e, k in zip(names, ends, sizes, strict=True)}

    def featured(self, width: int, frequency: Tensor, seed: int = 0) -> Objective:
        """The residuals of frozen features in place of the networks (`Field.featured`)."""
        return self.with_field(self.field.featured(width, frequency, seed))

    def with_field(self, field: Field) -> Objective:
        """The residuals of another field of the same structure, at the same points."""
        lights = (replace(s.light, field=field) for s in self.samples)
        samples = (replace(s, light=x) for s, x in zip(self.samples, lights, strict=True))
        return self._with(samples=tuple(samples), field=field)

    # ── θ and its leaves ──────────────────────────────────────────────────────────────────────

    @property
    def parameters(self) -> Tensor:
        """The field's own parameters as one vector θ (p,)."""
        return torch.cat([q.detach().flatten() for q in self._ordered()])

    def _ordered(self) -> list[nn.Parameter]:
        return [q for leaf in self.field.leaves().values() for q in leaf.parameters()]

    def install(self, theta: Tensor) -> Field:
        """Write θ into the field's parameters, and return the field."""
        start = 0
        for q in self._ordered():
            q.data.copy_(theta[start : start + q.numel()].view_as(q))
            start += q.numel()
        return self.field

    def _split(self, theta: Tensor) -> dict[str, Tensor]:
        leaves = self.field.leaves()
        sizes = [sum(q.numel() for q in leaf.parameters()) for leaf in leaves.values()]
        return dict(zip(leaves, theta.split(sizes), strict=True))

    def _evaluate(self, theta: Tensor, light: Light, points: Points) -> dict[str, Evaluation]:
        leaves, parts = self.field.leaves(), self._split(theta)
        return {
            name: leaves[name].evaluate(parts[name], points.positions, plan)
            for name, plan in light.plans.items()
        }

    def _blocks(self) -> Iterator[tuple[Light, Points, Tensor]]:
        for s in self.samples:
            for points, scale in s.blocks(self.block):
                yield s.light, points, scale

    def curvature(self) -> float:
        """How far the residuals are from affine in the field, relative to their size."""
        device = self.samples[0].points.positions.device
        generator = torch.Generator(device=device).manual_seed(self.seed)
        few = [(s.light, s.points.select(slice(0, 64))) for s in self.samples]
        return max(light.curvature(points, generator) for light, points in few)

    def may_be_featured(self) -> bool:
        """Whether all leaves may be replaced by frozen features: the user fixed no layers."""
        return not any(leaf.sized for leaf in self.field.leaves().values())

    # ── residuals and the products with their Jacobian ────────────────────────────────────────

    def residual(self, theta: Tensor) -> Tensor:
        """All scaled residuals r(θ), shape (N,): condition by condition, point by point."""
        return torch.cat([r.flatten() for _, r in self._residuals(theta)])

    def _residuals(self, theta: Tensor) -> Iterator[tuple[Sample, Tensor]]:
        for s in self.samples:
            rows = [w[:, None] * self._residual(theta, s.light, p) for p, w in s.blocks(self.block)]
            yield s, torch.cat(rows)

    def _residual(self, theta: Tensor, light: Light, points: Points) -> Tensor:
        """Unscaled residuals (n, m) of one condition at any points."""
        channels = _channels(self._evaluate(theta, light, points))
        with torch.no_grad():
            return light.residual(points, channels)

    def loss(self, theta: Tensor) -> Tensor:
        """½‖r(θ)‖², a tensor without axes."""
        return 0.5 * self.residual(theta).square().sum()

    def terms(self, theta: Tensor) -> dict[str, Tensor]:
        """The weighted mean square of each condition; the loss is half their sum."""
        return {s.condition.name: r.square().sum() for s, r in self._residuals(theta)}

    def require_finite(self, theta: Tensor) -> None:
        """Raise NonFiniteError, naming condition and point, unless all residuals are finite."""
        for s, r in self._residuals(theta):
            s.light.require_finite(r / s.scale[:, None], s.points)

    def loss_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """½‖r‖² and its gradient Jᵀr (p,), one block of points after the other."""
        leaves, parts = self.field.leaves(), self._split(theta)
        total, gradient = theta.new_zeros(()), torch.zeros_like(theta)
        into = self._split(gradient)
        for light, points, scale in self._blocks():
            at = self._evaluate(theta, light, points)
            half, seeds = light.loss_seeds(points, _channels(at), scale)
            total += half
            for name, seed in seeds.items():
                into[name] += leaves[name].pullback(parts[name], at[name], seed)
        return total, gradient

    def gradient(self, theta: Tensor) -> Tensor:
        """The gradient of the loss, Jᵀr (p,)."""
        return self.loss_and_gradient(theta)[1]

    def _seeded(self, theta: Tensor) -> Iterator[tuple[Tensor, list[Seeds], Evaluations]]:
        """Blockwise: scaled residuals (n, m), seeds per component, evaluations."""
        for light, points, scale in self._blocks():
            at = self._evaluate(theta, light, points)
            r, seeds = light.seeds(points, _channels(at))
            scaled = [{k: scale[:, None] * v for k, v in seed.items()} for seed in seeds]
            yield scale[:, None] * r, scaled, at

    def residual_and_jacobian(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """r (N,) and J = ∂r/∂θ (N, p), row by row in closed form."""
        sizes = {name: part.numel() for name, part in self._split(theta).items()}
        return self._rows(theta, sizes, lambda leaf, *given: leaf.rows(*given))

    def residual_and_output_rows(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """r (N,) and the columns (N, q) of J that belong to the output layers of all leaves."""
        sizes = {name: leaf.output_size for name, leaf in self.field.leaves().items()}
        return self._rows(theta, sizes, lambda leaf, *given: leaf.output_rows(*given))

    def _rows(
        self, theta: Tensor, sizes: dict[str, int], rows: Callable[..., Tensor]
    ) -> tuple[Tensor, Tensor]:
        leaves, parts = self.field.leaves(), self._split(theta)
        starts = dict(zip(sizes, itertools.accumulate(sizes.values(), initial=0), strict=False))
        total = sum(s.light.components * len(s.points) for s in self.samples)
        jacobian = theta.new_zeros((total, sum(sizes.values())))
        residuals, filled = [], 0
        for r, seeds, at in self._seeded(theta):
            residuals.append(r.flatten())
            block = jacobian[filled : filled + r.numel()].view(*r.shape, -1)
            filled += r.numel()
            for j, seed in enumerate(seeds):
                for name in seed:
                    columns = slice(starts[name], starts[name] + sizes[name])
                    block[:, j, columns] = rows(leaves[name], parts[name], at[name], seed[name])
        return torch.cat(residuals), jacobian

    def with_output(self, theta: Tensor, coefficients: Tensor) -> Tensor:
        """θ with the parameters of all output layers replaced by `coefficients` (q,)."""
        changed, start = theta.clone(), 0
        for name, part in self._split(changed).items():
            size = self.field.leaves()[name].output_size
            part[part.numel() - size :] = coefficients[start : start + size]
            start += size
        return changed

    def jacobian(self, theta: Tensor) -> Tensor:
        """J = ∂r/∂θ, shape (N, p)."""
        return self.residual_and_jacobian(theta)[1]

    def push(self, theta: Tensor, direction: Tensor) -> Tensor:
        """J·direction (N,), without J."""
        leaves, parts, moves = self.field.leaves(), self._split(theta), self._split(direction)
        found = []
        for r, seeds, at in self._seeded(theta):
            moved = {n: leaves[n].push(parts[n], at[n], moves[n]) for n in at}
            columns = [
                torch.stack([(seed[n] * moved[n]).sum((0, 2)) for n in seed]).sum(0)
                for seed in seeds
            ]
            found.append(torch.stack(columns, dim=1).view_as(r).flatten())
        return torch.cat(found)

    def pull(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Jᵀ·weights (p,), without J; `weights` has one entry per row (N,)."""
        leaves, parts = self.field.leaves(), self._split(theta)
        gradient, start = torch.zeros_like(theta), 0
        into = self._split(gradient)
        for r, seeds, at in self._seeded(theta):
            w = weights[start : start + r.numel()].view_as(r)
            start += r.numel()
            for name in at:
                weighted = [w[:, j, None] * s[name] for j, s in enumerate(seeds)]
                seed = torch.stack(weighted).sum(0)
                into[name] += leaves[name].pullback(parts[name], at[name], seed)
        return gradient


def _channels(at: Evaluations) -> dict[str, Tensor]:
    return {name: evaluation.channels for name, evaluation in at.items()}
