# What each task does is said in tasks.py, which needs no make: `python tasks.py --help`.
# PYTHON chooses the interpreter, OPTIONS are handed to the task, TORCH_INDEX (optional) is the
# package index that torch comes from: see the README on the CPU build.
PYTHON ?= python3
TASKS := setup lab test check-all notebooks handouts slides sheet site badges data check format \
  bench cluster

.PHONY: $(TASKS) sanitize clean

$(TASKS):
	@$(PYTHON) tasks.py $@ $(OPTIONS)

# The sanitizers' own library must be the first one of the process; leaks are not asked for, because
# Python keeps what it has until it ends.
sanitize: setup  ## run the compiled kernel under the address and undefined-behaviour sanitizers
	ASAN_OPTIONS=detect_leaks=0 \
	LD_PRELOAD="$$(c++ -print-file-name=libasan.so) $$(c++ -print-file-name=libstdc++.so.6)" \
	CXX="c++ -fsanitize=address,undefined -fno-sanitize-recover=undefined" \
	  .venv/bin/python -m pytest tests/layers/test_kernel.py tests/layers/test_layer.py \
	  -k "threads or members or activations or (kernel and (autograd or sizes or options or kinks))"

clean:
	rm -rf .venv
