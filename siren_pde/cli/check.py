"""`siren-pde check`: what is wrong or doubtful in a problem file, before it is solved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from siren_pde.checks import check
from siren_pde.checks.finding import Finding, Severity
from siren_pde.cli.answers import as_json
from siren_pde.cli.script import blaming, read_script

LOOKS = {
    Severity.error: ("✗", "bold red"),
    Severity.warning: ("!", "bold yellow"),
    Severity.note: ("·", "bold blue"),
}
"""The sign and the style of each severity."""


def run(file: Path, *, seed: int, json: bool) -> tuple[str, int]:
    """Check the problem in `file`; what to print, and 1 if there are errors, else 0."""
    script = read_script(file)
    with blaming(file):
        findings = check(script.problem, script.field, quadrature=script.quadrature, seed=seed)
    counts = Counter(finding.severity for finding in findings)
    code = int(counts[Severity.error] > 0)
    if json:
        listed = [
            {"severity": f.severity, "kind": f.kind, "where": f.where, "message": f.message}
            for f in findings
        ]
        totals = {f"{severity}s": counts[severity] for severity in Severity}
        answer = {"problem": script.problem.name, **totals, "findings": listed}
        return as_json(answer), code
    return _written(script.problem.name, findings, counts), code


def _written(name: str, findings: Sequence[Finding], counts: Counter[Severity]) -> str:
    """A table for people, coloured where they see it in a terminal."""
    console = Console(highlight=False)
    with console.capture() as capture:
        if findings:
            console.print(_table(findings))
        totals = [f"{counts[s]} {s}{'s' * (counts[s] > 1)}" for s in Severity if counts[s]]
        console.print(f"[bold]{escape(name)}[/]: {', '.join(totals) or '[green]nothing found[/]'}")
    return capture.get().rstrip("\n")


def _table(findings: Sequence[Finding]) -> Table:
    table = Table.grid(padding=(0, 2, 1, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        sign, style = LOOKS[finding.severity]
        table.add_row(
            f"[{style}]{sign} {finding.severity}[/]",
            f"[bold]{escape(finding.where)}[/]",
            escape(finding.message[:1].upper() + finding.message[1:]),
        )
    return table
