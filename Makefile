# Two commands do everything on a machine with Python 3.11 or newer:
#   make demo   sets up and runs the main jobs          make test   sets up and passes the tests
PY ?= python3
TORCH_ARGS ?=
BIN := .venv/bin
WORKERS ?= 2

.PHONY: demo test check floor references gallery clean

.venv/.done: pyproject.toml constraints.txt
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "siren_pde needs Python 3.11 or newer; name one with  make PY=python3.11"; exit 1; }
	@$(PY) -c 'import shutil, sys; sys.exit(shutil.disk_usage(".").free < 3e9)' \
	  || { echo "setting up needs 3 GB of free disk space"; exit 1; }
	@echo "Setting up .venv: about 1.3 GB, most of it torch; a few minutes."
	$(PY) -m venv .venv
	$(BIN)/pip install --quiet --no-deps $(TORCH_ARGS) torch==2.13.0
	$(BIN)/pip install --quiet -c constraints.txt -e '.[test]'
	@$(BIN)/python tools/no_cuda.py
	@touch $@

demo: .venv/.done
	@$(BIN)/python tools/demo.py demo

test: .venv/.done
	$(BIN)/python -m pytest -q -n $(WORKERS)

check: .venv/.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/readme.py

# the oldest releases of the dependencies that pyproject.toml allows
floor: .venv/.done
	$(BIN)/python tools/floor.py

# the solutions by classical methods that problems are compared with, in problems/references
references: .venv/.done
	$(BIN)/python tools/references.py

# every problem solved, with its picture: problems/README.md
gallery: .venv/.done
	$(BIN)/python tools/gallery.py

clean:
	rm -rf .venv demo runs
