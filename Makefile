# The commands of the project; `make help` lists them. CONTRIBUTING.md says what each is for.
# Any Python from 3.11 on will do: make PYTHON=python3.13 test

PYTHON ?= python3
CLOCK  ?= 2026-04-01T09:00:00Z

VENV := .venv
PY   := $(VENV)/bin/python
PIP  := $(PY) -m pip install --quiet --quiet --disable-pip-version-check -c constraints.txt
say   = @printf '\033[1m==> %s\033[0m\n' "$(1)"

.DEFAULT_GOAL := help
.PHONY: help demo test lint format notebooks nbval bench docs lock sample clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */\1|/' | awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'

# Each stamp says that what it stands for is installed as these files ask; it goes when the .venv goes.
$(VENV)/made-venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "This needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(call say,venv: $(VENV))
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/made-demo: $(VENV)/made-venv pyproject.toml constraints.txt
	$(call say,install: tract-nb with what opens a notebook)
	@$(PIP) -e '.[notebook]'
	@touch $@

$(VENV)/made-test: $(VENV)/made-venv pyproject.toml constraints.txt
	$(call say,install: tract-nb with its tests' tools)
	@$(PIP) -e '.[test]'
	@touch $@ $(VENV)/made-demo

demo: $(VENV)/made-demo  ## install, then import the sample session, show its tables, execute the quickstart
	@$(PY) scripts/demo.py

lint: $(VENV)/made-test  ## ruff, mypy and import-linter, nothing changed
	$(call say,ruff check)
	@$(PY) -m ruff check .
	$(call say,ruff format)
	@$(PY) -m ruff format --check .
	$(call say,mypy)
	@$(PY) -m mypy
	$(call say,import-linter)
	@$(VENV)/bin/lint-imports --no-logo

format: $(VENV)/made-test  ## mend what ruff can mend
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

nbval: $(VENV)/made-test  ## every notebook against its saved outputs, twice in a row
	$(call say,nbval: the notebooks twice in a row)
	@TRACT_NB_CLOCK=$(CLOCK) $(PY) scripts/notebooks.py check

# pytest comes last: its own summary says what was skipped and why, and its last line is this one's.
test: lint nbval  ## everything: lint, nbval and all tests
	$(call say,pytest)
	@$(PY) -m pytest -n 2 --dist loadgroup

notebooks: $(VENV)/made-test  ## execute the notebooks and save their outputs
	@TRACT_NB_CLOCK=$(CLOCK) $(PY) scripts/notebooks.py save

bench: $(VENV)/made-demo  ## the benchmarks, one after the other
	@for file in benchmarks/*.py; do printf '\033[1m==> %s\033[0m\n' "$$file"; $(PY) "$$file" || exit 1; done

docs: $(VENV)/made-demo  ## write the reference of commands from their help texts
	@$(PY) scripts/reference.py write

lock: $(VENV)/made-venv  ## rewrite constraints.txt with the newest versions that pyproject.toml allows
	@$(PYTHON) scripts/lock.py

sample:  ## rewrite the shipped sample session from its story
	@$(PYTHON) scripts/make_sample.py

clean:  ## remove what builds and tests left (the .venv stays)
	@rm -rf build dist ./*.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
