# make lab    opens the start notebook           make test   lint, tests, notebooks, browser
# make lint   style, types, layers               make bench  the speeds that the README claims
#
# PYTHON=python3.12    interpreter of .venv, 3.11 or newer
# TORCH_INDEX=URL      where PyTorch comes from (README.md names the CPU and CUDA indexes)
# PORT=8890            port of JupyterLab
# NO_BROWSER=1         open no browser, as on a remote machine

PYTHON ?= python3.11
TORCH_INDEX ?=
PORT ?=
NO_BROWSER ?=

RUN := .venv/bin/python -m
NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'

# What `make install` has installed is enough for `make lab`, also without a network.
LAB := .venv/.installed-$(if $(wildcard .venv/.installed-test),test,lab)

.PHONY: install lab test lint bench clean

install: .venv/.installed-test

lab: $(LAB)
	@$(RUN) workbench.cli lab $(if $(PORT),--port "$(PORT)") $(if $(NO_BROWSER),--no-browser)

lint: .venv/.installed-test
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@.venv/bin/basedpyright
	@PYTHONPATH=. .venv/bin/lint-imports
	@$(RUN) nbstripout --verify --keep-count --keep-id notebooks/*.ipynb

# Threads that spin while they wait make tests six times slower where two workers share the cores: those of
# OpenMP are told to sleep, and OpenBLAS, whose threads cannot, gets one.
test: export OMP_WAIT_POLICY := PASSIVE
test: export OPENBLAS_NUM_THREADS := 1
# Machines for CI often keep no bytecode: every kernel and every worker would compile all of it again.
test: export PYTHONDONTWRITEBYTECODE :=
# Tests wait for kernels, disks and clocks half of their time, so that three at a time keep two cores busy.
# Notebooks run as briefly as they can; what is compared of their output is the same either way.
# The browser tests come last, so that nothing else is in their way; only the files that name their mark are read.
test: lint
	@failed=; \
	export WORKBENCH_RUNS="$$(mktemp -d)"; \
	echo "== tests and notebooks"; \
	WORKBENCH_QUICK=1 $(RUN) pytest -q -n 3 --dist loadfile -m "not browser" --nbval-lax tests notebooks || failed="$$failed tests"; \
	echo "== browser"; \
	$(RUN) pytest -q -n 2 --dist loadfile -m browser $$(grep -l 'mark\.browser' tests/*.py) || failed="$$failed browser"; \
	rm -rf "$$WORKBENCH_RUNS" notebooks/takeaway; \
	if [ -n "$$failed" ]; then echo "make test: FAILED in:$$failed"; exit 1; fi; \
	echo "make test: lint, tests, notebooks and browser all passed (what was skipped is named above)"

bench: .venv/.installed-test
	@$(RUN) benchmarks

clean:
	rm -rf .venv build dist

# Installed again whenever what is asked for or what is pinned changes. The extra named `test` holds all.
.venv/.installed-lab: EXTRAS := lab,train,sweep,serve
.venv/.installed-test: EXTRAS := test
.venv/.installed-%: pyproject.toml constraints.txt
	@python="$(PYTHON)"; \
	if ! "$$python" $(NEW_ENOUGH) 2>/dev/null; then \
		if [ "$(origin PYTHON)" = file ] && python3 $(NEW_ENOUGH) 2>/dev/null; then \
			python=python3; echo "python3.11 is not here; using $$(python3 --version)"; \
		else \
			echo "make: '$$python' is not a Python of 3.11 or newer. Install one (Debian: apt-get install python3 python3-venv) or name it: make PYTHON=/path/to/python3.11" >&2; \
			exit 1; \
		fi; \
	fi; \
	if ! $(RUN) pip --version >/dev/null 2>&1; then \
		"$$python" -m venv --clear .venv || { echo "make: '$$python' cannot make .venv (Debian: apt-get install python3-venv)" >&2; exit 1; }; \
	fi
	@if [ -n "$(TORCH_INDEX)" ]; then $(RUN) pip install -q -c constraints.txt --no-deps --index-url "$(TORCH_INDEX)" torch; fi
	@echo "installing lr-workbench[$(EXTRAS)] into .venv; the first time takes some minutes"
	@$(RUN) pip install -q --disable-pip-version-check --no-compile -c constraints.txt -e ".[$(EXTRAS)]"
	@# pip compiles on one core; files that are no Python of this version stay as they are.
	@$(RUN) compileall -qq -j 0 .venv/lib || true
	@touch $@
