"""Parts of a problem that share some unknowns and nothing else: many waves in one medium."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from siren_pde.calculus.jets import Constant
from siren_pde.calculus.vectors import Vector
from siren_pde.collocation.residual import flattened
from siren_pde.collocation.sampling import Sample
from siren_pde.errors import ConfigError
from siren_pde.fields.base import Field, Network
from siren_pde.fields.system import System
from siren_pde.problem import Condition, Problem


@dataclass(frozen=True)
class Block:
    """Outputs of an unknown, and the conditions restricted to what involves them."""

    outputs: tuple[int, ...]
    problem: Problem


def blocks(samples: Sequence[Sample], name: str) -> tuple[Block, ...]:
    """The blocks into which the outputs of the unknown `name` fall: no residual joins two.

    Found by which residuals depend on which outputs at a few points and random values.
    """
    using = [s for s in samples if name in s.light.plans]
    joined = [_dependence(s, name) for s in using]
    found: list[set[int]] = []
    for outputs in (o for components in joined for o in components):
        together = [b for b in found if b & outputs]
        found = [b for b in found if not b & outputs] + [set(outputs).union(*together)]
    made = []
    for block in sorted(found, key=min):
        chosen = tuple(sorted(block))
        conditions = [
            _restricted(s, name, chosen, [j for j, o in enumerate(components) if o & block])
            for s, components in zip(using, joined, strict=True)
        ]
        made.append(Block(chosen, Problem(*(c for c in conditions if c is not None))))
    return tuple(made)


def others(samples: Sequence[Sample], name: str) -> Problem | None:
    """The conditions that do not involve the unknown `name`."""
    rest = [s.condition for s in samples if name not in s.light.plans]
    return Problem(*rest) if rest else None


def require_part(field: Field, name: str) -> System:
    """The field, if it is a system with others beside the unknown `name`."""
    if not (isinstance(field, System) and name in field.parts and len(field.parts) > 1):
        raise ConfigError(
            f"there is no unknown `{name}` to be eliminated beside others: solve with "
            f"`System({name}=Siren(2), m=…)`, got the unknowns {list(field.networks())}."
        )
    return field


def narrowed(system: System, name: str, outputs: int, features: Callable[[Field], Field]) -> System:
    """The system whose unknown `name` has so many outputs, on frozen features."""

    def change(network: Network) -> Network:
        return network.like(outputs=outputs)  # type: ignore[operator]

    parts = dict(system.parts.items())
    return System(**{**parts, name: features(parts[name].rebuilt(change))})  # type: ignore[operator, arg-type]


def without(system: System, name: str) -> System:
    """The system of the other unknowns."""
    return System(**{n: f for n, f in system.parts.items() if n != name})  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Separated:
    """The objective `whole`, its `parts` for the blocks of the unknown `name`, and the `rest`.

    The coefficients of output layers are called inner for the unknown, and outer for the others.
    `alike` says that all parts depend on their inner coefficients in the same way.
    """

    name: str
    whole: Any
    parts: tuple[Any, ...]
    outputs: tuple[tuple[int, ...], ...]
    rest: Any | None
    alike: bool = False

    @property
    def outer(self) -> Tensor:
        """The outer coefficients to start from: constants as they are, functions zero."""
        part = self.parts[0]
        networks = part.field.networks()
        found = part.output(part.parameters).split([v.output_size for v in networks.values()])
        kept = [
            torch.zeros_like(c) if network.inputs else c
            for (n, network), c in zip(networks.items(), found, strict=True)
            if n != self.name
        ]
        return torch.cat(kept)

    def inner(self, part: Any) -> slice:
        """The columns of the inner coefficients of a part."""
        sizes = {n: network.output_size for n, network in part.field.networks().items()}
        start = sum(sizes[n] for n in itertools.takewhile(lambda n: n != self.name, sizes))
        return slice(start, start + sizes[self.name])

    def split(self, part: Any, columns: Tensor) -> tuple[Tensor, Tensor]:
        """Inner and outer columns of a matrix (n, q) of a part."""
        own = self.inner(part)
        return columns[:, own], torch.cat([columns[:, : own.start], columns[:, own.stop :]], dim=1)

    def theta(self, part: Any, inner: Tensor, outer: Tensor) -> Tensor:
        """θ of a part, or of the whole."""
        start = self.inner(part).start
        coefficients = torch.cat([outer[:start], inner, outer[start:]])
        return part.with_output(part.parameters, coefficients)

    def joined(self, inner: Sequence[Tensor], outer: Tensor) -> Tensor:
        """θ of the whole from the inner coefficients of all parts: weights, then biases."""
        total = self.whole.field.networks()[self.name].outputs
        weights = outer.new_zeros((total, len(inner[0]) // len(self.outputs[0]) - 1))
        biases = outer.new_zeros((total,))
        for outputs, c in zip(self.outputs, inner, strict=True):
            k = len(outputs)
            weights[list(outputs)], biases[list(outputs)] = c[:-k].view(k, -1), c[-k:]
        return self.theta(self.whole, torch.cat([weights.flatten(), biases]), outer)


def _dependence(s: Sample, name: str) -> list[set[int]]:
    """For each component of a residual, the outputs of the unknown that it depends on."""
    points, networks = s.points.select(slice(0, 16)), s.light.field.networks()
    like = points.positions
    generator = torch.Generator(device=like.device).manual_seed(0)
    channels: Mapping[str, Tensor] = {
        n: torch.randn(
            (len(plan.keys), len(points), networks[n].outputs),
            generator=generator,
            dtype=like.dtype,
            device=like.device,
        )
        for n, plan in s.light.plans.items()
    }
    _, seeds = s.light.seeds(points, channels)
    return [set(seed[name].abs().amax((0, 1)).nonzero().flatten().tolist()) for seed in seeds]


def _restricted(
    s: Sample, name: str, outputs: tuple[int, ...], components: list[int]
) -> Condition | None:
    """The components of a condition that involve these outputs alone, the others being zero."""
    if not components:
        return None
    whole = s.condition
    total = s.light.field.networks()[name].outputs
    signature = inspect.signature(whole.residual)
    names = list(signature.parameters)[1:]

    def part(p: Any, *unknowns: Any) -> list[Any]:
        given = dict(zip(names, unknowns, strict=True))
        own = given[name] if len(outputs) > 1 else [given[name]]
        full: list[Any] = [Constant(0.0)] * total
        for output, jet in zip(outputs, own, strict=True):
            full[output] = jet
        given[name] = Vector(full) if total > 1 else full[0]
        found = flattened(whole.residual(p, *given.values()))
        return [found[j] for j in components]

    part.__signature__ = signature  # type: ignore[attr-defined]
    part.__name__ = whole.name
    return replace(whole, residual=part)
