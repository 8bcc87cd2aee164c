# Everything a person does with this repository. `make help` lists it.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
# One more than there are cores, as many tests wait for a process or a clock.
WORKERS := $(shell $(PYTHON) -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))')
TESTS := QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n $(WORKERS)

.PHONY: help install system-libs demo test test-all soak fuzz check lint format bench screenshots clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | \
		awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(STAMP) ## make .venv and install everything into it

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Tracker needs Python 3.11 or later; name it: make PYTHON=python3.12 install"; exit 2; }
	@$(PYTHON) -m venv .venv || \
		{ echo "This Python cannot make a virtual environment; on Debian: apt install python3-venv"; exit 2; }
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

system-libs: ## install (or name) the shared libraries Qt needs on Linux
	@$(PYTHON) scripts/system_libraries.py

demo: install system-libs ## start a demo server and both windows; without a display, the tour
	@$(BIN)/python -m tracker demo

test: install system-libs ## run all tests but the long ones; under five minutes
	$(TESTS) -m "not long and not postgresql"

test-all: install system-libs ## all tests, and those of the server on PostgreSQL too
	$(TESTS) -m "not long and not postgresql"
	$(TESTS) --dist loadgroup -m "long or postgresql"
	$(TESTS) tests/server --postgresql -m "not postgresql"

soak: install ## 10,000 simulated seeds, then 200 kills on each database; an hour at most
	$(BIN)/python -m tests.simulation --seeds 10000
	$(BIN)/python -m tests.processes --kills 200 --minutes 15

fuzz: install ## 500 requests made up from the description of each operation; some minutes
	TRACKER_FUZZ=500 $(TESTS) tests/fuzz

lint: install ## format check, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test-all ## what CI runs: lint, then all tests

format: install ## put the code into the agreed form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install ## measure synchronising, the server and the windows beside their floors; half an hour
	@$(BIN)/python -m benchmarks.sync
	@$(BIN)/python -m benchmarks.server
	@$(BIN)/python -m benchmarks.analytics
	@$(BIN)/python -m benchmarks.ui
	@$(BIN)/python -m benchmarks.monitor

screenshots: install ## draw every screen into docs/screenshots
	@$(PYTHON) scripts/system_libraries.py --also fonts-noto-cjk=NotoSansCJK-Regular.ttc
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m tracker.demo.screenshots docs/screenshots

clean: ## remove what was made here, but nothing of yours
	rm -rf .venv build dist demo-output .mypy_cache .ruff_cache .pytest_cache *.egg-info
