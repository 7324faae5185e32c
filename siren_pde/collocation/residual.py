"""One condition at its points: the residual as a pointwise function of a field's derivative
channels.

This is the light half of the engine. It asks the user's residual once, on a few points, which
derivatives it needs (its plan), and from then on evaluates it on channels: plain torch on a few
numbers per point, whose derivatives by the channels (the seeds) come from autograd.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from siren_pde.calculus.complex import Complex
from siren_pde.calculus.derivatives import Key
from siren_pde.calculus.jets import FieldJet, Jet
from siren_pde.calculus.points import Points
from siren_pde.calculus.vectors import Vector
from siren_pde.errors import NonFiniteError, ResidualError, SirenPDEError
from siren_pde.fields.base import Field, Network
from siren_pde.fields.engine.plan import Plan
from siren_pde.problem import Condition

Plans = Mapping[str, Plan]
Channels = Mapping[str, Tensor]


def network_jets(
    networks: Mapping[str, Network], axes: tuple[str, ...], ask: Any
) -> dict[str, Any]:
    """A jet (or vector) for each leaf; `ask(name, output, key)` answers for one of its outputs."""

    def jet(name: str, output: int) -> FieldJet:
        return FieldJet(axes, lambda key: ask(name, output, key))

    return {
        name: jet(name, 0)
        if network.outputs == 1
        else Vector([jet(name, j) for j in range(network.outputs)])
        for name, network in networks.items()
    }


@dataclass(frozen=True)
class Light:
    """A condition bound to a field's structure: plans per leaf, and residual values from
    channels.
    """

    condition: Condition
    field: Field
    plans: Plans
    components: int

    @staticmethod
    def of(condition: Condition, field: Field, points: Points) -> Light:
        """Find the plans by evaluating the residual once on placeholders at a few points.

        Raises ResidualError, naming the condition, if it asks for unknown fields, returns another
        shape than (n,) or (n, m), or does not depend on the field at all.
        """
        sample = points.select(slice(0, 4))
        required: dict[str, set[Key]] = {name: set() for name in field.networks()}
        generator = torch.Generator(device=sample.positions.device).manual_seed(0)

        def record(name: str, output: int, key: Key) -> Tensor:
            required[name].add(key)
            like = sample.positions
            return 0.5 + torch.rand(
                len(sample), generator=generator, dtype=like.dtype, device=like.device
            )

        unknowns = field.unknowns(sample, network_jets(field.networks(), sample.axes, record))
        components = _evaluated(condition, sample, unknowns).shape[1]
        if not any(required.values()):
            raise ResidualError(
                f"condition `{condition.name}` does not depend on the field: it never asked for a "
                "value or derivative of it, so nothing could make it vanish. Return an expression "
                "in the unknown, such as `u - g(p)`."
            )
        plans = {name: Plan.closing(keys) for name, keys in required.items() if keys}
        return Light(condition, field, plans, components)

    def residual(self, points: Points, channels: Channels) -> Tensor:
        """Residual values (n, m) from channels (S, n, outputs) of each leaf in `plans`."""

        def ask(name: str, output: int, key: Key) -> Tensor:
            return self.plans[name].part(channels[name], key)[:, output]

        jets = network_jets(self.field.networks(), points.axes, ask)
        return _evaluated(self.condition, points, self.field.unknowns(points, jets))

    def seeds(self, points: Points, channels: Channels) -> tuple[Tensor, list[dict[str, Tensor]]]:
        """Residuals (n, m), and for each component the derivatives by the channels of each leaf."""
        live = {name: c.detach().requires_grad_() for name, c in channels.items()}
        r = self.residual(points, live)
        found = [_gradient(r[:, j].sum(), live, keep=j + 1 < r.shape[1]) for j in range(r.shape[1])]
        return r.detach(), found

    def loss_seeds(
        self, points: Points, channels: Channels, scale: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """½ Σ (scale r)² and its derivatives by the channels."""
        live = {name: c.detach().requires_grad_() for name, c in channels.items()}
        half = 0.5 * (scale[:, None] * self.residual(points, live)).square().sum()
        return half.detach(), _gradient(half, live, keep=False)

    def curvature(self, points: Points, generator: torch.Generator) -> float:
        """How far the residual is from affine in the field, relative to its size; 0 if it is.

        Infinite where random values of the field leave the residual's domain of definition.

        Compares r at the midpoint of two random field values with the mean of r at both, for values
        of several sizes.
        """
        worst = 0.0
        for size in (1.0, 30.0):
            ends = []
            for _ in range(2):
                channels = {
                    name: size
                    * torch.randn(
                        (len(plan.keys), len(points), self.field.networks()[name].outputs),
                        generator=generator,
                        dtype=points.positions.dtype,
                        device=points.positions.device,
                    )
                    for name, plan in self.plans.items()
                }
                ends.append(channels)
            middle = {name: (ends[0][name] + ends[1][name]) / 2 for name in self.plans}
            with torch.no_grad():
                a, b, c = (self.residual(points, at) for at in (*ends, middle))
            tiny = torch.finfo(a.dtype).tiny
            scale = torch.maximum(a.abs().max(), b.abs().max()).clamp_min(tiny)
            bend = float(((a + b) / 2 - c).abs().max() / scale)
            worst = max(worst, bend if math.isfinite(bend) else math.inf)
        return worst

    def require_finite(self, r: Tensor, points: Points) -> None:
        """Raise NonFiniteError naming the condition and the first point where r (n, m) is not
        finite.
        """
        bad = (~torch.isfinite(r).all(1)).nonzero()
        if len(bad):
            first = int(bad[0])
            place = ", ".join(
                f"{a}={x:.6g}"
                for a, x in zip(points.axes, points.positions[first].tolist(), strict=True)
            )
            raise NonFiniteError(
                f"condition `{self.condition.name}` is {r[first].tolist()} at {place} "
                f"({len(bad)} of {len(r)} points are not finite). Look for a division by zero, a "
                "root or logarithm of a negative number, or NaN in the data there."
            )


def evaluate(
    field: Field, expression: Callable[..., Any], points: Points, *, block: int = 8192
) -> Tensor:
    """An expression in the language of residuals, for a field at n points: (n, m)."""
    light = Light.of(Condition(expression, None), field, points)  # type: ignore[arg-type]
    networks = field.networks()
    theta = {
        name: torch.cat([q.detach().flatten() for q in network.parameters()])
        for name, network in networks.items()
    }
    found = []
    for start in range(0, max(len(points), 1), block):
        part = points.select(slice(start, start + block))
        channels = {
            name: networks[name].evaluate_output(theta[name], part.positions, plan).channels
            for name, plan in light.plans.items()
        }
        with torch.no_grad():
            found.append(light.residual(part, channels))
    return torch.cat(found)


def _gradient(total: Tensor, live: dict[str, Tensor], *, keep: bool) -> dict[str, Tensor]:
    grads = torch.autograd.grad(total, list(live.values()), retain_graph=keep, allow_unused=True)
    return {
        name: torch.zeros_like(c) if g is None else g
        for (name, c), g in zip(live.items(), grads, strict=True)
    }


def _evaluated(condition: Condition, points: Points, unknowns: dict[str, Any]) -> Tensor:
    """The user's function at the points as a tensor (n, m), its slips explained."""
    name, axes = condition.name, ", ".join(points.axes)
    arguments = condition.arguments(unknowns)
    try:
        return stacked(condition, condition(points, *arguments), len(points), points)
    except SirenPDEError as error:
        if f"`{name}`" in str(error):
            raise
        raise type(error)(f"condition `{name}`: {error}") from error
    except ValueError as error:
        if "unpack" not in str(error):
            raise
        raise ResidualError(
            f"condition `{name}` unpacks another number of values than there are ({error}). Its "
            f"domain has the coordinates {axes}: write `{axes} = p`."
        ) from error
    except (TypeError, AttributeError, RuntimeError) as error:
        raise ResidualError(f"condition `{name}` cannot be evaluated: {error}") from error


def flattened(out: Any) -> list[Any]:
    """The components of what a residual returned, however nested: a complex number has two."""
    if isinstance(out, Complex):
        return [out.re, out.im]
    if isinstance(out, Vector | tuple | list):
        return [component for value in out for component in flattened(value)]
    return [out]


def stacked(condition: Condition, out: Any, n: int, points: Points) -> Tensor:
    """A condition's return value as a tensor (n, m); ResidualError for any other shape."""
    columns = []
    for value in flattened(out):
        part = value.value if isinstance(value, Jet) else value
        if isinstance(part, int | float):
            part = points.positions.new_full((n,), float(part))
        shape = tuple(part.shape) if isinstance(part, Tensor) else type(part).__name__
        if shape != (n,):
            raise ResidualError(
                f"condition `{condition.name}` returned {shape} at {n} points; a residual has "
                f"shape ({n},), one number per point, or is a vector of such. Use `u` and its "
                "derivatives as they are, without reshaping or a trailing axis of length 1."
            )
        columns.append(part)
    if not columns:
        raise ResidualError(f"condition `{condition.name}` returned no residual at all.")
    return torch.stack(columns, dim=1)
