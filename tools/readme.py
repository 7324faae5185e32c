"""Run every Python block of the README in a fresh folder, one after the other, each by itself."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

text = (Path(__file__).parents[1] / "README.md").read_text()
blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)
if not blocks:
    sys.exit("the README has no Python blocks")
for number, block in enumerate(blocks, start=1):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "block.py"
        file.write_text(block)
        done = subprocess.run(
            [sys.executable, file.name], cwd=folder, capture_output=True, text=True
        )
        print(f"block {number} of {len(blocks)}: exit {done.returncode}  {done.stdout.strip()}")
        if done.returncode:
            sys.exit(done.stderr)
