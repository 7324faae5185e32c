"""Lines of results made up for tests of what is made of them."""

from collections.abc import Sequence

from siren_pde.files.json_values import JSON, Description


def result(
    problem: str = "heat",
    method: str = "own",
    seed: int = 0,
    *,
    error: float | None = 1e-4,
    seconds: float | None = 1.0,
    outcome: str = "converged",
    curve: Sequence[Sequence[float]] = (),
    **changes: JSON,
) -> Description:
    """What the store has of a cell."""
    points: list[JSON] = [list(point) for point in curve]
    if not curve and seconds is not None and error is not None:
        points = [[seconds / 2, 1.0], [seconds, error]]
    own = "" if method == "own" else f",{method}"
    return {
        "format": 1,
        "suite": "mine",
        "kind": "solve",
        "label": f"{problem}{own},seed={seed}",
        "folder": f"cells/{problem}{own},seed={seed}",
        "cell": {"problem": problem, "field": "own", "method": method, "seed": seed},
        "machine": {"cpu": "a processor", "threads": 1},
        "versions": {"torch": "2"},
        "outcome": outcome,
        "reason": "as it should",
        "ran": "least squares",
        "seconds": seconds,
        "error": error,
        "error_max": error,
        "estimate": error,
        "parameters": 10,
        "memory": 5e8,
        "curve": points,
        "measured": {},
        **changes,
    }


def failed(problem: str = "heat", method: str = "own", seed: int = 0) -> Description:
    """A cell that has no result."""
    why = "exit code 1; RuntimeError: it is <b>broken</b>"
    line = result(problem, method, seed, error=None, seconds=None, outcome="failed", reason=why)
    return {**line, **dict.fromkeys(("parameters", "memory", "error_max", "estimate"))}
