# Ponte: the international relations of a city. `make help` lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# Each has engines of its own. WORKERS=0 runs every test in one process, as a debugger wants it.
WORKERS ?= 2
# A fresh clone needs python3 (3.11 or newer), make and nothing else.
SETUP = @command -v $(PYTHON) >/dev/null || { echo "Ponte needs Python 3.11 or newer as $(PYTHON) on PATH." >&2; exit 1; }; $(PYTHON) tools/setup.py

.DEFAULT_GOAL := help
.PHONY: help run setup test test-faults check format bench lock clean-data clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## set up, start every service on embedded engines, print a sign-in link (Ctrl-C stops it all)
	$(SETUP) run
	@exec $(BIN)/ponte up

setup: ## set up everything for developing
	$(SETUP) dev

test: ## set up and run every test, two files at a time (ARGS="-k engines" chooses)
	$(SETUP) dev
	@$(BIN)/python tools/chromium.py --status
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

test-faults: ## break everything under load, prove that nothing is lost (ROUNDS=10; ROWS=kafka-kill chooses)
	$(SETUP) dev
	@$(BIN)/python -m tests.faults

check: ## lint, format, types, import rules and the other checks
	$(SETUP) dev
	@$(BIN)/python tools/check.py

format: ## rewrite the files as `make check` wants them
	$(SETUP) dev
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: ## measure; writes bench/results/*.json and prints a table
	$(SETUP) dev
	@$(BIN)/python -m bench $(ARGS)

lock: ## make the lock files again from requirements/*.in and the broker's jars
	$(SETUP) dev
	@$(BIN)/python tools/lock.py

clean-data: ## empty the data folder of `make run` (refuses while it runs)
	@$(PYTHON) tools/clean_data.py

clean: ## remove what the set-up made, but for the data
	rm -rf .venv .ponte/engines .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
