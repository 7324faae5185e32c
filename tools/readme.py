"""Run every Python block of the README and of CONTRIBUTING in a fresh folder, each by itself."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

for name in ("README.md", "CONTRIBUTING.md"):
    text = (Path(__file__).parents[1] / name).read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)
    if not blocks:
        sys.exit(f"{name} has no Python blocks")
    for number, block in enumerate(blocks, start=1):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "block.py"
            file.write_text(block)
            done = subprocess.run(
                [sys.executable, file.name], cwd=folder, capture_output=True, text=True
            )
            said = f"block {number} of {len(blocks)} in {name}: exit {done.returncode}"
            print(f"{said}  {done.stdout.strip()}")
            if done.returncode:
                sys.exit(done.stderr)
