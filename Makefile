# Every target sets up what it needs. PYTHON chooses the interpreter, TORCH_INDEX (optional) the
# package index that torch comes from: see the README on the CPU build.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
READY := $(VENV)/.ready

.PHONY: lab test notebooks handouts slides site data check format bench cluster sanitize fuzz mutants clean

lab: $(READY)  ## open JupyterLab on the first notebook
	$(BIN)/jupyter lab notebooks/00_start_here.ipynb

test: $(READY)  ## run every test and every notebook
	$(BIN)/python -m pytest

notebooks: $(READY)  ## make the notebooks from notebooks/source, executed
	$(BIN)/python notebooks/build.py

handouts: $(READY)  ## notebooks without solutions, and a book of solutions; OPTIONS=--clear, --grading
	$(BIN)/python notebooks/handouts.py $(OPTIONS)

slides: $(READY) docs/node_modules  ## slides that need no network, in build/slides
	$(BIN)/python notebooks/slides.py

site: $(READY) docs/node_modules  ## the site that needs no network, in build/site
	$(PIP) install -c constraints.txt -q -e '.[site]'
	$(BIN)/python notebooks/website.py

docs/node_modules: docs/package-lock.json
	@command -v npm > /dev/null || { echo "npm is missing: install Node.js (its 'node' and 'npm')"; exit 1; }
	npm ci --prefix docs --no-audit --no-fund
	@touch docs/node_modules

data: $(READY)  ## make the recorded results anew, or go on making them
	$(BIN)/python -m nastut table build
	for study in text tuning searches retrained generations transfer parallel; do $(BIN)/python -m nastut study $$study || exit 1; done

check: $(READY)  ## lint, format, types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(READY)  ## mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(READY)  ## measure speed; prints ratios, never part of the tests
	for script in benchmarks/bench_*.py; do $(BIN)/python $$script || exit 1; done

cluster: $(READY)  ## searches on a Dask cluster of this machine, with everything killed that can be
	$(BIN)/python -m pytest -m cluster tests/search/test_cluster.py

# The sanitizers' own library must be the first one of the process; leaks are not asked for, because
# Python keeps what it has until it ends.
sanitize: $(READY)  ## run the compiled kernel under the address and undefined-behaviour sanitizers
	ASAN_OPTIONS=detect_leaks=0 \
	LD_PRELOAD="$$(c++ -print-file-name=libasan.so) $$(c++ -print-file-name=libstdc++.so.6)" \
	CXX="c++ -fsanitize=address,undefined -fno-sanitize-recover=undefined" \
	  $(BIN)/python -m pytest tests/layers/test_kernel.py tests/layers/test_layer.py \
	  -k "threads or members or activations or (kernel and (autograd or sizes or options or kinks))"

fuzz: $(READY)  ## damage files, then kill computations, MINUTES each at most; seeded
	$(BIN)/python robustness/damage.py --times $(or $(TIMES),100000) --seed $(or $(SEED),0) --minutes $(or $(MINUTES),30)
	$(BIN)/python robustness/kills.py --kills $(or $(KILLS),60) --seed $(or $(SEED),0) --minutes $(or $(MINUTES),30)

mutants: $(READY)  ## change the code, a thing at a time: do the tests notice? prints the score
	$(PIP) install -q -c constraints.txt -e '.[robustness]'
	$(BIN)/python robustness/mutants.py --sample $(or $(SAMPLE),150) --seed $(or $(SEED),0) $(FILES)

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
