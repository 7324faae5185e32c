"""Whether something trivial already satisfies all conditions, or nothing fixes a constant."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from siren_pde.checks.finding import Finding, error, note
from siren_pde.checks.places import listed, number
from siren_pde.checks.probe import Examination
from siren_pde.numerics.least_squares import least_norm

ROUNDING = 1e-12
"""Residuals below this, relative to those of the zero field, are rounding."""
NUMBERS = (1.0, -0.7, 2.3)
"""Values of unknown numbers for which zero is tried as a solution."""


def trivial(e: Examination) -> Iterator[Finding]:
    """Constant unknowns, zero among them, that leave no residual."""
    outputs = e.outputs()
    networks = e.field.networks()
    if len(e.probes) < len(e.problem.conditions):
        return
    if any(not x.inputs for x in networks.values()):
        yield from _homogeneous(e)
        return
    values = {
        name: torch.zeros(network.outputs, dtype=torch.float64)
        for name, network in networks.items()
    }
    start, columns = _residual(e, values), []
    size = float(start.abs().max())
    for name, output in outputs:
        moved = {n: v.clone() for n, v in values.items()}
        moved[name][output] = 1.0
        columns.append(_residual(e, moved) - start)
    a = torch.stack(columns, dim=1)
    if not bool(torch.isfinite(a).all() and torch.isfinite(start).all()):
        return
    yield from _free(e, a, outputs)
    if not size:
        yield error(
            "trivial",
            e.problem.name,
            f"{_named(e, outputs, torch.zeros(len(outputs)))} satisfies all conditions, and is "
            "what will be found: the source or the values that drive the problem are missing. Add "
            "them, such as `u - g(p)` on the boundary.",
        )
        return
    largest = float(a.abs().max()) or 1.0  # squares of the sizes themselves might underflow
    c = least_norm(a / largest, -start / size) * (size / largest)
    if not bool(torch.isfinite(c).all()):
        return
    for (name, output), value in zip(outputs, c, strict=True):
        values[name][output] = value
    if float(_residual(e, values).abs().max()) <= ROUNDING * size:
        yield error(
            "trivial",
            e.problem.name,
            f"the constant {_named(e, outputs, c)} satisfies all conditions, and is what will be "
            "found: check that sources and boundary values are the ones meant.",
        )


def _homogeneous(e: Examination) -> Iterator[Finding]:
    """Functions that vanish beside unknown numbers of any value: eigenvalue problems unscaled."""
    networks = e.field.networks()
    for value in NUMBERS:
        values = {
            name: torch.full((x.outputs,), 0.0 if x.inputs else value, dtype=torch.float64)
            for name, x in networks.items()
        }
        if bool((_residual(e, values) != 0).any()):
            return
    numbers = [f"`{name}`" for name, x in networks.items() if not x.inputs]
    functions = [name for name, x in networks.items() if x.inputs]
    if not functions:
        return
    yield error(
        "trivial",
        e.problem.name,
        f"{' = '.join(functions)} = 0 satisfies all conditions, whatever {listed(numbers)} is, so "
        f"that nothing is determined: say how large {functions[0]} is, "
        f"`@on({_somewhere(e)})` above `def scale(p, {functions[0]}): return {functions[0]} - 1`, "
        "at a place where it does not vanish; or give the source or the measurements that are "
        "missing.",
    )


def _somewhere(e: Examination) -> str:
    """The code for a point within the domain, away from its centre."""
    p = (e.equations or e.probes)[0]
    values = ", ".join(number(v) for v in p.points.positions[min(2, len(p.points) - 1)].tolist())
    usual = e.axes == ("x", "y", "z")[: len(e.axes)]
    return f"PointCloud([[{values}]]{'' if usual else f', axes={e.axes}'})"


def _residual(e: Examination, values: dict[str, Tensor]) -> Tensor:
    """All residuals of constant unknowns."""
    return torch.cat([p.residual(p.constant(values)).flatten() for p in e.probes])


def _free(e: Examination, a: Tensor, outputs: list[tuple[str, int]]) -> Iterator[Finding]:
    """Unknowns to which a constant may be added freely, as no condition has their value."""
    for column, (name, output) in zip(a.T, outputs, strict=True):
        valued = any(
            slot.key == () and (slot.unknown, slot.output) == (name, output)
            for p in e.probes
            for slot in p.used
        )
        if not valued and not float(column.abs().max()):
            called = e.called(name, output)
            yield note(
                "constant",
                name,
                f"all conditions see derivatives of {called} only, so that it is determined up to "
                f"a constant: if that matters, say what {called} is at one point, "
                f"`@on({_somewhere(e)})` above `def level(p, {name}): return {called} - …`.",
            )


def _named(e: Examination, outputs: list[tuple[str, int]], values: Tensor) -> str:
    pairs = zip(outputs, values.tolist(), strict=True)
    return listed([f"{e.called(*which)} = {number(value)}" for which, value in pairs])
