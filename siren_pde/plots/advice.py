"""What to try next, by how a run ended."""

from __future__ import annotations

from collections.abc import Callable

from siren_pde.plots.told_runs import ToldRun


def advice(run: ToldRun) -> list[str]:
    """Sentences about what to try next; the first is the most likely to help."""
    known = _BY_OUTCOME.get(run.outcome)
    given = known(run) if known else []
    if run.reached is not None:
        given.insert(
            0,
            f"It is solved up to {run.reached:.4g} only. Give it more time: `{run.resume} "
            "--seconds …` goes on from there.",
        )
    if run.outcome == "converged" and "none" in run.bar[:4]:
        given.append("There is no error bar. `--estimate careful` looks for one for as long again.")
    return given


def _converged(run: ToldRun) -> list[str]:
    careful = run.choices.get("estimate", ("", ""))[0] == "careful"
    with_care = "" if careful else "`--estimate careful`, or with "
    return [
        f"Nothing has to be done. To be surer of the error bar, solve once more with {with_care}"
        "another `--seed`, and compare both: `siren-pde compare RUN RUN`."
    ]


def _budget(run: ToldRun) -> list[str]:
    still = (
        "The loss was still falling."
        if _falling(run)
        else "The loss hardly fell any more: another method may be the better use of the time, "
        "`--method auto` if this one was yours."
    )
    on = f"`{run.resume} --seconds …` goes on where it stopped."
    return [f"{still} {on}"]


def _stagnated(run: ToldRun) -> list[str]:
    return [
        "The method found nothing better. Check the problem, `siren-pde check FILE`: conditions "
        "that contradict each other in a corner or at the start look like this.",
        "Where the solution has steep layers or corners, refine towards them: "
        "`@on(domain, refine_towards=…)`.",
    ]


def _unresolved(run: ToldRun) -> list[str]:
    return [
        "The field has too little freedom: a larger `--width`, or a higher `--frequency` if the "
        "solution oscillates. Left to `auto`, more `--seconds` give it more.",
        "Where coefficients jump, give each side a domain of its own.",
    ]


def _non_finite(run: ToldRun) -> list[str]:
    return [
        "A residual became infinite or undefined: the reason above names it. Look for a logarithm, "
        "a root or a division that leaves its domain for values on the way, and write it so that "
        "it does not.",
        "With a method of your own choice, a smaller step: `Adam(rate=…)`.",
    ]


def _impossible(run: ToldRun) -> list[str]:
    return [
        "No field satisfies these conditions together. `siren-pde check FILE` says which of them "
        "contradict each other; check signs, and values where boundaries meet."
    ]


def _ill_posed(run: ToldRun) -> list[str]:
    return [
        "The conditions leave the answer free. Add what is missing: a boundary or initial "
        "condition, or the value at one point, `@on(PointCloud([[…]]))`."
    ]


def _stopped(run: ToldRun) -> list[str]:
    return [f"`{run.resume}` goes on from the last checkpoint."]


def _failed(run: ToldRun) -> list[str]:
    return [
        f"Mend what the reason above says, then go on from the last checkpoint: `{run.resume}`."
    ]


def _falling(run: ToldRun) -> bool:
    """Whether the loss has halved in the last third of the course."""
    losses = [loss for loss in run.course.loss if loss == loss]
    return len(losses) < 4 or losses[-1] < losses[len(losses) * 2 // 3] / 2


_BY_OUTCOME: dict[str, Callable[[ToldRun], list[str]]] = {
    "converged": _converged,
    "budget": _budget,
    "stagnated": _stagnated,
    "unresolved": _unresolved,
    "non_finite": _non_finite,
    "impossible": _impossible,
    "ill_posed": _ill_posed,
    "interrupted": _stopped,
    "running": _stopped,
    "failed": _failed,
}
