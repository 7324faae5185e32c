"""Whether something trivial already satisfies all conditions, or nothing fixes a constant."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from siren_pde.checks.finding import Finding, error, note
from siren_pde.checks.places import listed, number
from siren_pde.checks.probe import Examination

ROUNDING = 1e-12


def trivial(e: Examination) -> Iterator[Finding]:
    """Constant unknowns, zero among them, that leave no residual."""
    outputs = e.outputs()
    networks = e.field.networks()
    if len(e.probes) < len(e.problem.conditions) or any(not x.inputs for x in networks.values()):
        return
    values = {
        name: torch.zeros(network.outputs, dtype=torch.float64)
        for name, network in networks.items()
    }
    start, columns = _residual(e, values), []
    for name, output in outputs:
        moved = {n: v.clone() for n, v in values.items()}
        moved[name][output] = 1.0
        columns.append(_residual(e, moved) - start)
    a = torch.stack(columns, dim=1)
    if not bool(torch.isfinite(a).all() and torch.isfinite(start).all()):
        return
    yield from _free(e, a, outputs)
    if not float(start.abs().max()):
        yield error(
            "trivial",
            e.problem.name,
            f"{_named(e, outputs, torch.zeros(len(outputs)))} satisfies all conditions, and is "
            "what will be found: the source or the values that drive the problem are missing. Add "
            "them, such as `u - g(p)` on the boundary.",
        )
        return
    c = torch.linalg.lstsq(a, -start[:, None], driver="gelsd").solution[:, 0]
    for (name, output), value in zip(outputs, c, strict=True):
        values[name][output] = value
    if float(_residual(e, values).abs().max()) <= ROUNDING * float(start.abs().max()):
        yield error(
            "trivial",
            e.problem.name,
            f"the constant {_named(e, outputs, c)} satisfies all conditions, and is what will be "
            "found: check that sources and boundary values are the ones meant.",
        )


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
                f"a constant: if that matters, say what {called} is at one point.",
            )


def _named(e: Examination, outputs: list[tuple[str, int]], values: Tensor) -> str:
    pairs = zip(outputs, values.tolist(), strict=True)
    return listed([f"{e.called(*which)} = {number(value)}" for which, value in pairs])
