# estorm: `make storm` and `make test` install what they need, then do their job.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Tests mostly wait for processes to start: three at a time keep two cores busy. A module stays with one of the
# three, which makes what its tests share once, and the long modules, which tests/conftest.py puts first, start first.
TEST_PROCESSES ?= 3
TEST_OPTIONS := --dist loadfile --no-loadscope-reorder --reruns 1 --rerun-show-tracebacks -raR
# A storm starts a dozen processes, the tests thousands: each would compile all of this anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help storm lab test bench lint format os-packages clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

storm: $(VENV)/.run ## run the default storm on a lab on this machine (ARGS="--phones 1000 --rate 50")
	@$(BIN)/estorm storm $(ARGS)

lab: $(VENV)/.run ## start the lab alone and print where it answers (ARGS="--endpoints lab.json")
	@$(BIN)/estorm lab $(ARGS)

test: $(VENV)/.test os-packages ## run the tests (ARGS="tests/loadtests -k phone")
	$(BIN)/pytest --numprocesses $(TEST_PROCESSES) $(TEST_OPTIONS) $(ARGS)

bench: $(VENV)/.test os-packages ## run the benchmarks and print their ratios
	$(BIN)/pytest tests/benchmarks --benchmark-only --override-ini addopts= -s $(ARGS)

lint: $(VENV)/.test ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.test ## rewrite the code in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

os-packages: # what the tests use of the operating system, installed when this user may
	@sh .ci/os-packages

clean: ## remove the environment and caches (runs stay)
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks *.egg-info

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "estorm needs Python 3.11 or newer with venv (Debian: apt-get install python3-venv)"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@ $(VENV)/.run
