# Two commands do everything on a machine with Python 3.11 or newer:
#   make demo   sets up and runs the main jobs          make test   sets up and passes the tests
# and while one works:
#   make quick   style, layers and the fast tests, in less than a minute
PY ?= python3
TORCH_ARGS ?=
BIN := .venv/bin
WORKERS ?= 2
COVERED := 98

.PHONY: demo test quick check coverage floor mutants reliability references peers gallery clean

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

# two workers, one thread each: more threads than cores would wait for each other
test coverage: export OMP_NUM_THREADS = 1
test: .venv/.done
	$(BIN)/python -m pytest -q -n $(WORKERS)

# what to run after every change: style, layers, and the tests that are not marked slow
quick: export OMP_NUM_THREADS = 1
quick: .venv/.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n $(WORKERS) -m "not slow"

# the tests, and which share of the lines of the package they run: it only ever rises
coverage: .venv/.done
	$(BIN)/python -m pytest -q -n $(WORKERS) --hypothesis-profile=ci \
	  --cov --cov-report=term:skip-covered --cov-fail-under=$(COVERED)

# mistakes made on purpose, which tests must notice: tools/mutation.py --help
mutants: .venv/.done
	$(BIN)/python tools/mutation.py --count 200 --jobs $(WORKERS) --out runs/mutants.json

# every promise about runs, files and failures tried and counted: RELIABILITY.md, half an hour
reliability: .venv/.done
	$(BIN)/python tools/reliability.py

check: .venv/.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/readme.py

# the oldest releases of the dependencies that pyproject.toml allows
floor: .venv/.done
	$(BIN)/python tools/floor.py

# the solutions by classical methods that problems are compared with, in `references` beside them
references: .venv/.done
	$(BIN)/python tools/references.py

# the solvers of others that `siren-pde bench pde --peers` compares with: .peers, 6 GB
peers: .venv/.done
	$(BIN)/python tools/peers.py

# every problem solved, with its picture: problems/README.md
gallery: .venv/.done
	$(BIN)/python tools/gallery.py

clean:
	rm -rf .venv .peers demo runs
