"""Parts of a problem that share some unknowns and nothing else: many waves in one medium."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from siren_pde.calculus.jets import Constant, Jet
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.collocation.collocated import Collocated
from siren_pde.collocation.evaluation import Rows
from siren_pde.collocation.expression import Expression, Unknown, flattened
from siren_pde.collocation.objective import Objective
from siren_pde.collocation.residual import BoundResidual
from siren_pde.collocation.sampling import Sampling
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field, Network
from siren_pde.fields.system import System
from siren_pde.problem import Condition, Problem
from siren_pde.random_features.features import output_coefficients, with_output

DEPENDENCE = 16
"""Points at which it is seen which residuals depend on which outputs."""


@dataclass(frozen=True, eq=False)
class Partitioned:
    """The objective `whole`, its `parts` for the blocks of the unknown `name`, and the `rest`.

    `outputs` are those of the unknown in each part. The coefficients of output layers are called
    inner for the unknown, and outer for the others. `alike` says that all parts depend on their
    inner coefficients in the same way.
    """

    name: str
    whole: Objective
    parts: tuple[Objective, ...]
    outputs: tuple[tuple[int, ...], ...]
    rest: Objective | None
    alike: bool = False

    @property
    def outer(self) -> Tensor:
        """The outer coefficients to start from: constants as they are, functions zero."""
        part = self.parts[0]
        networks = part.field.networks()
        coefficients = output_coefficients(part.field, part.parameters)
        pieces = torch.split(coefficients, [n.output_size for n in networks.values()])
        kept = [
            torch.zeros_like(c) if network.inputs else c
            for (n, network), c in zip(networks.items(), pieces, strict=True)
            if n != self.name
        ]
        return torch.cat(kept)

    def inner(self, part: Objective) -> slice:
        """The columns of the inner coefficients of a part."""
        sizes = {n: network.output_size for n, network in part.field.networks().items()}
        start = sum(sizes[n] for n in itertools.takewhile(lambda n: n != self.name, sizes))
        return slice(start, start + sizes[self.name])

    def split(self, part: Objective, columns: Tensor) -> tuple[Tensor, Tensor]:
        """Inner and outer columns of a matrix (n, q) of a part."""
        own = self.inner(part)
        return columns[:, own], torch.cat([columns[:, : own.start], columns[:, own.stop :]], dim=1)

    def theta(self, part: Objective, inner: Tensor, outer: Tensor) -> Tensor:
        """θ of a part, or of the whole."""
        start = self.inner(part).start
        coefficients = torch.cat([outer[:start], inner, outer[start:]])
        return with_output(part.field, part.parameters, coefficients)

    def joined(self, inner: Sequence[Tensor], outer: Tensor) -> Tensor:
        """θ of the whole from the inner coefficients of all parts: weights, then biases."""
        total = self.whole.field.networks()[self.name].outputs
        weights = outer.new_zeros((total, len(inner[0]) // len(self.outputs[0]) - 1))
        biases = outer.new_zeros((total,))
        for outputs, c in zip(self.outputs, inner, strict=True):
            k = len(outputs)
            weights[list(outputs)], biases[list(outputs)] = c[:-k].view(k, -1), c[-k:]
        return self.theta(self.whole, torch.cat([weights.flatten(), biases]), outer)


@dataclass(frozen=True)
class Features:
    """How many frozen features an unknown gets, up to which frequency (d,), and their seed."""

    width: int
    frequency: Tensor
    seed: int

    def of(self, system: System, name: str, outputs: int) -> System:
        """The system whose unknown `name` has so many outputs, on these features."""

        def change(network: Network) -> Network:
            return network.like(outputs=outputs)  # type: ignore[no-any-return, operator]

        parts: dict[str, Field] = dict(system.parts.items())  # type: ignore[arg-type]
        narrowed = parts[name].rebuilt(change)
        features = narrowed.with_random_features(self.width, self.frequency, self.seed)
        return System(**{**parts, name: features})


def partitioned(objective: Objective, name: str, width: int, frequency: Tensor) -> Partitioned:
    """The blocks into which the outputs of the unknown `name` fall: no residual joins two.

    Each block is an objective on `width` frozen features up to `frequency` (d,). Blocks are known
    by which residuals depend on which outputs at a few points and random values. Raises ConfigError
    if there is no such unknown beside others.
    """
    system = _require_part(objective.field, name)
    features = Features(width, frequency, objective.seed)
    taking = [r for r in objective.collocated.rows if name in r.residual.networks]
    dependence = {r.condition.name: _dependence(r, name) for r in taking}
    outputs = _blocks(o for components in dependence.values() for o in components)
    parts = []
    for block in outputs:
        field = features.of(system, name, len(block))
        involved = {
            r.condition: _restricted(r.residual, field, (name, block), components)
            for r in taking
            if (components := _involving(dependence[r.condition.name], block))
        }
        parts.append(_drawn(objective, field, involved))
    total = system.networks()[name].outputs
    every = {r.condition: r.residual for r in objective.collocated.rows}
    whole = _drawn(objective, features.of(system, name, total), every)
    others = {c: residual for c, residual in every.items() if name not in residual.networks}
    rest = _drawn(objective, _without(system, name), others) if others else None
    return Partitioned(name, whole, tuple(parts), outputs, rest)


def _drawn(
    objective: Objective, field: Field, residuals: Mapping[Condition, BoundResidual]
) -> Objective:
    """The objective of some conditions for a field, at as many points as the whole has."""
    whole, problem = objective.collocated.sampling, Problem(*residuals)
    sampling = Sampling(problem, whole.rule, {}, whole.seed).with_count(max(whole.counts.values()))
    named = {c.name: residual for c, residual in residuals.items()}
    collocated = Collocated.drawn(sampling, field, named)
    return replace(objective, collocated=collocated, field=field)


def _require_part(field: Field, name: str) -> System:
    """The field, if it is a system with others beside the unknown `name`."""
    if not (isinstance(field, System) and name in field.parts and len(field.parts) > 1):
        raise ConfigError(
            f"there is no unknown `{name}` to be eliminated beside others: solve with "
            f"`System({name}=Siren(2), m=…)`, got the unknowns {list(field.networks())}."
        )
    return field


def _without(system: System, name: str) -> System:
    """The system of the other unknowns."""
    parts = {n: f for n, f in system.parts.items() if n != name}
    return System(**parts)  # type: ignore[arg-type]


def _blocks(joined: Iterable[set[int]]) -> tuple[tuple[int, ...], ...]:
    """The classes of outputs that are joined, directly or by others."""
    blocks: list[set[int]] = []
    for outputs in joined:
        together = [b for b in blocks if b & outputs]
        blocks = [b for b in blocks if not b & outputs] + [set(outputs).union(*together)]
    return tuple(tuple(sorted(block)) for block in sorted(blocks, key=min))


def _dependence(rows: Rows, name: str) -> list[set[int]]:
    """For each component of a residual, the outputs of the unknown that it depends on."""
    points, bound = rows.points.select(slice(0, DEPENDENCE)), rows.residual
    generator = torch.Generator(device=points.positions.device).manual_seed(0)
    channels = bound.random_channels(points, generator)
    _, seeds = bound.seeds(bound.structure, points, channels)
    return [
        {
            output
            for site, s in seed.items()
            if site.network == name
            for output in s.abs().amax((0, 1)).nonzero().flatten().tolist()
        }
        for seed in seeds
    ]


def _involving(dependence: list[set[int]], outputs: tuple[int, ...]) -> list[int]:
    """The components that depend on some of these outputs."""
    return [j for j, depending in enumerate(dependence) if depending & {*outputs}]


def _restricted(
    whole: BoundResidual, field: Field, unknown: tuple[str, tuple[int, ...]], components: list[int]
) -> BoundResidual:
    """Some components of a residual for a field whose unknown has some outputs alone, the others
    being zero.
    """
    name, outputs = unknown
    total = whole.structure.networks()[name].outputs
    names = tuple(whole.expression.arguments or ())
    given = (whole.expression.function, names, name)
    part = Restricted(*given, outputs=outputs, total=total, components=tuple(components))
    expression = Expression(whole.name, part, names)
    return replace(whole, expression=expression, components=len(components), structure=field)


@dataclass(frozen=True, eq=False)
class Restricted:
    """Some components of a function of the unknowns `names`, of which the one called `name` has the
    `outputs` alone; the others of its `total` are zero.
    """

    function: Callable[..., object]
    names: tuple[str, ...]
    name: str
    outputs: tuple[int, ...]
    total: int
    components: tuple[int, ...]

    def __call__(self, p: Points, *unknowns: Unknown) -> list[object]:
        """These components at points p."""
        given: dict[str, Unknown] = dict(zip(self.names, unknowns, strict=True))
        narrow = given[self.name]
        own: Iterable[Jet] = narrow if isinstance(narrow, Vector) else [narrow]
        full: list[Jet] = [Constant(0.0)] * self.total
        for output, jet in zip(self.outputs, own, strict=True):
            full[output] = jet
        given[self.name] = Vector(full) if self.total > 1 else full[0]
        values = flattened(self.function(p, *given.values()))
        return [values[j] for j in self.components]
