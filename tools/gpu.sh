#!/bin/sh
# An environment on a machine with a GPU, and benchmarks/gpu.py in it: sh tools/gpu.sh [OUT]
set -eu
cd "$(dirname "$0")/.."
[ -x .venv-gpu/bin/python ] || python3 -m venv .venv-gpu
.venv-gpu/bin/pip install --quiet torch numpy scipy h5py matplotlib fast-simplification typer rich
.venv-gpu/bin/python benchmarks/gpu.py --device cuda --out "${1:-gpu.json}"
