"""Fail if a CUDA stack or torchvision came in with an installation that asked for neither."""

import os
import sys
from importlib.metadata import distributions, version

names = {str(d.metadata["Name"]).lower() for d in distributions()}
heavy = sorted(n for n in names if n.startswith(("nvidia-", "triton", "torchvision", "cuda-")))
if heavy or not version("torch").startswith("2.13.0"):
    found = f"expected torch 2.13.0 alone, found torch {version('torch')} and {heavy}"
    if os.environ.get("CI"):
        sys.exit(found)
    print(f"{found}; harmless, but a CPU index in TORCH_ARGS would have saved several GB.")
