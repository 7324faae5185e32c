"""Solve every problem through the command line and write problems/README.md, a table of what came.

    python tools/gallery.py [NAME …] [--seeds N] [--workers N] [--bars] [--table]

What was measured is kept in `problems/gallery.json`, so that some problems can be solved again
without the rest; `--bars` solves with seed 0 and keeps only the outcome and the error bar,
`--table` only writes the table anew. Pictures are those of `siren-pde solve`.
"""

import argparse
import ast
import io
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "problems"
RESULTS, TABLE, PICTURES = FOLDER / "gallery.json", FOLDER / "README.md", FOLDER / "pictures"
QUALITY, WIDTH = 88, 1200
SEEDS = 3

HEAD = """# The problems

Each file states one problem in at most 40 lines and is solved by

```
siren-pde solve problems/NAME.py
```

with no options. `make gallery` makes this page; nothing in it is typed. Errors are relative L²
errors against the truth in the last column, which the method never sees, the worst of {seeds}
seeds. The error bar is what `solve` itself says of the error, beside the true one of the same
solve (seed 0). Seconds are those of the slowest seed, on one thread unless said ({machine}),
without the start-up of Python. Where the truth is a reference, its own accuracy is estimated from
its convergence.

| problem | picture | method, and why | parameters | seconds | error | error bar | truth |
|---|---|---|---:|---:|---:|---|---|
"""


def names() -> list[str]:
    """The problem files that state a problem at their top level."""
    return [
        p.stem
        for p in sorted(FOLDER.glob("*.py"))
        if re.search(r"^problem = ", p.read_text(), re.M)
    ]


def solved(name: str, seed: int, threads: int) -> dict:
    """The JSON answer of `siren-pde solve`; an `error` of None and the message if it fails."""
    command = [sys.executable, "-m", "siren_pde", "solve", f"problems/{name}.py", "--json"]
    command += ["--seed", str(seed), "--threads", str(threads)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if not done.stdout.strip():  # a mistake; other exit codes say how the solve ended
        sys.exit(f"{name}, seed {seed}: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def measured(name: str, seeds: int, threads: int) -> dict:
    """What `seeds` solves of a problem gave; method and picture are those of seed 0."""
    runs = [solved(name, seed, threads) for seed in reversed(range(seeds))][::-1]
    picture(ROOT / "runs" / name / "field.png", PICTURES / f"{name}.webp")
    first = runs[0]
    return {
        "method": first["method"],
        "why": first["why"],
        "parameters": first["parameters"],
        "errors": [run["error"] for run in runs],
        "seconds": [round(run["seconds"], 2) for run in runs],
        "bar": bar(first),
        "truth": first["truth"],
        "truth_accuracy": first["truth_accuracy"],
        "threads": threads,
        "machine": machine(),
    }


def bar(run: dict) -> dict:
    """What a solve says of its answer, beside the true error."""
    estimate = run["estimate"]
    return {
        "outcome": run["outcome"],
        "error": run["error"],
        "interval": estimate["interval"],
        "why": estimate["why"],
    }


def machine() -> str:
    """The processor's name, as the system tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return "unknown processor"
    found = re.search(r"model name\s*:\s*(.*)", text)
    return re.sub(r"\s+", " ", found[1]) if found else "unknown processor"


def picture(source: Path, target: Path) -> None:
    """A smaller copy of a picture."""
    if not source.exists():
        return
    image = Image.open(source).convert("RGB")
    if image.width > WIDTH:
        image = image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "webp", quality=QUALITY)
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(buffer.getvalue())


def table(results: dict[str, dict]) -> str:
    """The page: its head and one row per problem."""
    if not results:
        return HEAD
    every = list(results.values())
    head = HEAD.format(
        seeds=SEEDS,
        machine=every[0]["machine"],
    )
    return head + "".join(row(name, results[name]) for name in sorted(results))


def row(name: str, r: dict) -> str:
    """One line of the table."""
    says = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text())) or ""
    few = f" ({len(r['errors'])} of {SEEDS} seeds)" if len(r["errors"]) < SEEDS else ""
    shared = f" ({r['threads']} threads)" if r["threads"] > 1 else ""
    drawn = (PICTURES / f"{name}.webp").exists()
    cells = [
        f"[`{name}`]({name}.py)<br>{' '.join(says.split())}",
        f'<img src="pictures/{name}.webp" width="420" alt="{name}">' if drawn else "",
        f"**{r['method']}**: {r['why']}" if not r["why"].startswith(r["method"]) else r["why"],
        f"{r['parameters']:,}",
        f"{max(r['seconds']):.1f}{shared}",
        "" if None in r["errors"] else f"{max(r['errors']):.1e}{few}",
        shown(r.get("bar")),
        r["truth"] + (f", accurate to {r['truth_accuracy']:.0e}" if r["truth_accuracy"] else ""),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def shown(said: dict | None) -> str:
    """What a solve said of its answer, in a few words."""
    if said is None:
        return ""
    if said["why"]:
        return f"{said['outcome']}; none: {said['why']}"
    low, high = said["interval"]
    return f"{said['outcome']}; {low:.1e} … {high:.1e}, in truth {said['error']:.1e}"


def judged(name: str, threads: int, results: dict) -> dict:
    """What is known of a problem, with the outcome and the error bar of a solve with seed 0."""
    return {**results[name], "bar": bar(solved(name, 0, threads))}


def main() -> None:
    """Read the arguments, solve, and write results, pictures and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="problems at the same time")
    parser.add_argument("--bars", action="store_true")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    wanted = [] if options.table else options.names or names()
    pool = ThreadPoolExecutor(options.workers)
    jobs = {
        pool.submit(judged, n, options.threads, results)
        if options.bars
        else pool.submit(measured, n, options.seeds, options.threads): n
        for n in wanted
    }
    for job in as_completed(jobs):
        name = jobs[job]
        results[name] = job.result()
        errors = [f"{e:.1e}" if e is not None else "–" for e in results[name]["errors"]]
        told = shown(results[name].get("bar"))
        print(f"{name}: {', '.join(errors)} in {results[name]['seconds']} s; {told}", flush=True)
        known = {n: results[n] for n in sorted(results) if n in names()}
        RESULTS.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n")
    TABLE.write_text(table({n: r for n, r in results.items() if n in names()}))


if __name__ == "__main__":
    main()
