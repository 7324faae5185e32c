#!/bin/sh
# An environment on a machine with a GPU, and benchmarks/gpu.py in it: sh tools/gpu.sh [OUT]
# A torch that is installed there already is used as it is. Without a network, so is all else: what
# is missing then is a row of the table that says so.
set -eu
cd "$(dirname "$0")/.."
[ -x .venv-gpu/bin/python ] || python3 -m venv --system-site-packages .venv-gpu
needed="numpy scipy h5py matplotlib fast-simplification typer rich"
.venv-gpu/bin/python -c 'import torch' 2>/dev/null || needed="torch $needed"
# shellcheck disable=SC2086
timeout 240 .venv-gpu/bin/pip install --quiet --retries 1 --timeout 10 $needed \
  pytest pytest-timeout pytest-xdist hypothesis || echo "some packages cannot be had here" >&2
PYTHONPATH=. .venv-gpu/bin/python benchmarks/gpu.py --device cuda --out "${1:-gpu.json}"
