"""Fail if a CUDA stack or torchvision came in with an installation that asked for neither."""

import sys
from importlib.metadata import distributions, version

names = {str(d.metadata["Name"]).lower() for d in distributions()}
heavy = sorted(n for n in names if n.startswith(("nvidia-", "triton", "torchvision", "cuda-")))
if heavy or not version("torch").startswith("2.13.0"):
    sys.exit(f"expected torch 2.13.0 alone, found torch {version('torch')} and {heavy}")
