"""Whether equations run in the direction of time in which they are well posed."""

from __future__ import annotations

from collections.abc import Iterator

from siren_pde.checks import advice
from siren_pde.checks.coverage import held_at, instants
from siren_pde.checks.finding import Finding, error
from siren_pde.checks.growth import rates
from siren_pde.checks.places import exactly
from siren_pde.checks.probe import Examination


def direction(e: Examination) -> Iterator[Finding]:
    """Parabolic equations whose values are given at the end they blow up from.

    Waves of short length grow or decay at a rate that the highest even order in space decides. An
    equation whose waves decay forward in time is well posed from its start; backward, the least
    error in its values grows without bound.
    """
    if "t" not in e.axes:
        return
    t = e.axes.index("t")
    for unknown, output in e.outputs():
        waves = rates(e, unknown, output)
        if waves is None or t in e.field.networks()[unknown].periodic or e.measured(unknown):
            continue
        low, high = (side[t] for side in e.problem.bounds)
        start, end = (_given(e, unknown, output, time) for time in (low, high))
        if start and waves.grow:
            yield _backward(e, (unknown, output), (high, low), both=waves.decay)
        elif end and not start and waves.decay:
            yield _backward(e, (unknown, output), (low, high), both=waves.grow)


def _given(e: Examination, unknown: str, output: int, time: float) -> bool:
    """Whether a condition or an ansatz says what an output is at a time, in all of space."""
    t = e.axes.index("t")
    return held_at(e, unknown, output, time) or any(
        time in instants(p, t) and p.concerning(unknown, output) for p in e.probes if not p.measured
    )


def _backward(
    e: Examination, which: tuple[str, int], times: tuple[float, float], *, both: bool
) -> Finding:
    """What is said of values given at the second of two times, when they belong to the first."""
    name, (right, wrong) = e.called(*which), times
    p = next(p for p in e.equations if p.concerning(*which))
    forward = right < wrong
    end = "start" if forward else "end"
    if both:
        then = "Check the signs of the second derivatives: all of them must be alike."
    else:
        then = (
            f"Give {name} at the {end} instead, "
            f"`@on({advice.instant(p.domain, right)})`{advice.explained(p.domain)}, or change the "
            f"sign of the term with {name}_t if the equation is meant to run the other way. To "
            "recover an earlier state from a later one, regularise: say what is known of it, such "
            "as measurements with their noise."
        )
    return error(
        "ill-posed",
        p.name,
        f"`{p.name}` diffuses {'forward' if forward else 'backward'} in time, and {name} is given "
        f"at t={exactly(wrong)}, {'its end' if forward else 'its start'}: the problem "
        f"is ill-posed, since waves of {name} grow the faster away from there the shorter they "
        f"are, and errors of rounding with them. {then}",
    )
