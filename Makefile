# make demo         which loss suits the embedded data set? (the main job)
# make test         lint, types, and the tests of all but torch
# make test-torch   installs torch too, and runs its tests
# make fuzz         200,000 examples of odd rows, another number with FUZZ_EXAMPLES, and hundreds of fits
# make test-newest  both with the newest versions of everything, in a virtual environment of their own
# make test-lowest  the tests of make test with the lowest releases that pyproject.toml allows, for python3.11
# make test-313     make test with python3.13; both in a virtual environment of their own, as test-newest
# make docs         the pages, into docs/_build/html; a warning is an error, and notebooks are executed
# make docs-links   whether links to other sites work, which needs the internet
# make coverage     which lines the tests of all but torch run, in twice the time
# make lock         writes the newest versions into constraints.txt, for python3.11, python3.12 and python3.13
# make bench        the tables of the pages in docs (a script that ends with 2 lacks what it needs here, such as a GPU)
# make peers        the peers' own tests with ours in their place (PEERS="scikit-learn --markdown" for one), from GitHub
# make types        the public types that pyright does not know (installs it, with its own node: 250 MB)
# Each needs python3 (3.11 or later) and nothing installed before it: the virtual environment is made on the way.

PYTHON ?= python3
PYTHONS ?= python3.11 python3.12 python3.13
VENV ?= .venv
LOCK ?= constraints.txt
BIN = $(VENV)/bin
# Python compiles what it imports anyway, and more than half of what is installed never is.
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile \
	$(if $(LOCK),--constraint $(LOCK))

# Two processes, each of which takes the next test when it is done: a short test leaves most of two cores idle.
PYTEST = $(BIN)/python -m pytest --numprocesses=2 --dist=worksteal

# The tests that call formulas and kernels: run once without compilation, where coverage can see the lines.
FORMULA_TESTS = $(patsubst %,tests/test_%.py,accuracy barron_alpha derivatives kernels losses ops)

# Those with tests that are marked as slow.
LONG_TESTS = $(patsubst %,tests/test_%.py,compare_signals faults fuzz fuzz_dask fuzz_entries fuzz_fits \
	fuzz_predictions fuzz_sets fuzz_tools fuzz_torch fuzz_torch_modules memory_limit no_weight repeatability)

# OpenMP's threads spin while they wait, which on a busy machine made everything here several times slower.
export OMP_WAIT_POLICY ?= passive
# Where byte code is not kept, every process of the tests compiles the source text of all that it imports.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test test-torch fuzz test-newest test-lowest test-313 docs docs-links coverage lock bench peers types clean

demo: $(VENV)/.installed-all
	$(BIN)/boostloss compare

test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST) --durations=10

test-torch: $(VENV)/.installed-dev $(VENV)/.installed-torch
	$(PYTEST) -m torch --cov=boostloss/torch --cov-report=term --cov-fail-under=94

# What fails prints how to run that one example again.
fuzz: FUZZ_EXAMPLES ?= 200000
fuzz: $(VENV)/.installed-dev $(VENV)/.installed-torch
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(PYTEST) -m "slow or not slow" $(LONG_TESTS)

test-newest:
	rm -rf .venv-newest
	$(MAKE) test VENV=.venv-newest LOCK=
	$(MAKE) test-torch VENV=.venv-newest LOCK=

# Old releases warn of what newer ones of their own requirements have deprecated, and matplotlib's of axes in 3D.
test-lowest: VENV = .venv-lowest
test-lowest:
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --resolution lowest-direct --editable ".[dev]"
	$(PYTEST) -W ignore::DeprecationWarning -W ignore::FutureWarning -W "ignore:constrained_layout not applied:UserWarning"

test-313:
	$(MAKE) test PYTHON=python3.13 VENV=.venv-313

docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx -W --keep-going --quiet -d docs/_build/doctrees docs docs/_build/html

docs-links: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx -b linkcheck -d docs/_build/doctrees docs docs/_build/links

coverage: $(VENV)/.installed-dev
	NUMBA_DISABLE_JIT=1 $(PYTEST) --cov --cov-report= $(FORMULA_TESTS)
	$(PYTEST) --cov --cov-append --cov-report=
	$(BIN)/coverage report --omit="boostloss/torch/*" --fail-under=94

lock:
	$(PYTHON) -m tools.lock $(PYTHONS)

bench: $(VENV)/.installed-dev $(VENV)/.installed-torch
	for script in benchmarks/[!_]*.py; do \
		echo "== $$script"; \
		$(BIN)/python -m benchmarks.$$(basename $$script .py) || test $$? = 2 || exit 1; \
	done

# Ends with 2 where a suite cannot be had.
peers: $(VENV)/.installed-dev $(VENV)/.installed-torch
	$(PIP_INSTALL) absl-py==2.5.1 torch-dct==0.1.6
	$(BIN)/python -m tools.peers $(PEERS)

types: $(VENV)/.installed-dev
	$(PIP_INSTALL) "pyright[nodejs]==1.1.414"
	$(BIN)/python -m tools.public_types

clean:
	rm -rf .venv-newest .venv-lowest .venv-313 docs/_build docs/api $(VENV)

# One stamp per set of extras: an edit of pyproject.toml or of the lock installs again. What builds the package is
# installed beside it, since the lock would not reach into an isolated build.
$(VENV)/.installed-%: pyproject.toml $(LOCK)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) hatchling editables
	$(PIP_INSTALL) --no-build-isolation --editable ".[$*]"
	touch $@
