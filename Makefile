# make demo   which loss suits the embedded data set? (the main job)
# make test   lint, types and tests
# make bench  the tables of the README (a script that ends with 2 lacks what it needs here, such as a GPU)
# make types  the public types that pyright does not know (installs it, with its own node: 250 MB)
# Each needs python3 (3.11 or later) and nothing installed before it: the virtual environment is made on the way.

PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?=
BIN = $(VENV)/bin
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	$(if $(CONSTRAINTS),--constraint $(CONSTRAINTS))

# The tests that call formulas and kernels: run once without compilation, where coverage can see the lines.
FORMULA_TESTS = $(patsubst %,tests/test_%.py,accuracy barron_alpha derivatives kernels log_partition losses ops smoothing)

# OpenMP's threads spin while they wait, which on a busy machine made everything here several times slower.
export OMP_WAIT_POLICY ?= passive

.PHONY: demo test bench types clean

demo: $(VENV)/.installed-all
	$(BIN)/boostloss compare

test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest --cov --cov-report= $(FORMULA_TESTS)
	$(BIN)/python -m pytest --cov --cov-append --cov-report=term --cov-fail-under=94 --durations=10

bench: $(VENV)/.installed-dev
	for script in benchmarks/[!_]*.py; do \
		echo "== $$script"; \
		$(BIN)/python -m benchmarks.$$(basename $$script .py) || test $$? = 2 || exit 1; \
	done

types: $(VENV)/.installed-dev
	$(PIP_INSTALL) "pyright[nodejs]==1.1.414"
	$(BIN)/python -m tools.public_types

clean:
	rm -rf $(VENV)

# One stamp per set of extras: an edit of pyproject.toml or of the constraints installs again.
$(VENV)/.installed-%: pyproject.toml $(CONSTRAINTS)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --editable ".[$*]"
	touch $@
