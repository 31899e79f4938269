# Every target sets up what it needs. PYTHON chooses the interpreter, TORCH_INDEX (optional) the
# package index that torch comes from: see the README on the CPU build.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
READY := $(VENV)/.ready

.PHONY: lab test notebooks handouts data check format bench clean

lab: $(READY)  ## open JupyterLab on the first notebook
	$(BIN)/jupyter lab notebooks/00_start_here.ipynb

test: $(READY)  ## run every test and every notebook
	$(BIN)/python -m pytest

notebooks: $(READY)  ## make the notebooks from notebooks/source, executed
	$(BIN)/python notebooks/build.py

handouts: $(READY)  ## notebooks without solutions, and a book of solutions; OPTIONS=--clear, --grading
	$(BIN)/python notebooks/handouts.py $(OPTIONS)

data: $(READY)  ## make the recorded results anew, or go on making them
	$(BIN)/python -m nastut table build
	for study in text tuning searches retrained generations transfer; do $(BIN)/python -m nastut study $$study || exit 1; done

check: $(READY)  ## lint, format, types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(READY)  ## mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(READY)  ## measure speed; prints ratios, never part of the tests
	for script in benchmarks/bench_*.py; do $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "nastut needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "no venv: install your system's python3-venv package, then run make again"; exit 1; }
	$(if $(TORCH_INDEX),$(PIP) install -c constraints.txt --index-url $(TORCH_INDEX) torch)
	$(PIP) install -c constraints.txt -e '.[test]'
	@touch $(READY)
