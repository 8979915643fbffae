# The commands of the project; `make help` lists them. CONTRIBUTING.md says what each is for.
# Any Python from 3.11 on will do: make PYTHON=python3.13 test

PYTHON ?= python3
CLOCK  ?= 2026-04-01T09:00:00Z

VENV := .venv
PY   := $(VENV)/bin/python
NPM  := PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm --prefix js --no-update-notifier
PIP  := $(PY) -m pip install --quiet --quiet --disable-pip-version-check -c constraints.txt
say   = @printf '\033[1m==> %s\033[0m\n' "$(1)"

.DEFAULT_GOAL := help
.PHONY: help demo test lint format notebooks record nbval bench docs lock sample clean widgets js chromium pictures

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

# node itself is a wheel of the test extra: nothing has to be on the machine
js/node_modules/made: $(VENV)/made-test js/package-lock.json
	$(call say,install: what builds and tests the widgets)
	@$(NPM) install --no-save --silent
	@touch $@

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

js: js/node_modules/made  ## the widgets' types, style and logic, and whether their bundles are up to date
	$(call say,tsc and biome)
	@$(NPM) run --silent check
	$(call say,vitest)
	@$(NPM) run --silent test
	$(call say,the committed bundles against their sources)
	@$(NPM) run --silent build -- --out "$(CURDIR)/build/static"
	@diff -r build/static widgets/static || { echo 'The bundles in widgets/static are not what js/ builds: run make widgets.'; exit 1; }

widgets: js/node_modules/made  ## build the widgets' bundles into widgets/static
	@$(NPM) run --silent build

# the browser tests skip, with their reason, where there is no Chromium
chromium:
	@command -v chromium chromium-browser google-chrome chrome >/dev/null || test -n "$$BROWSER_PATH" || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    printf '\033[1m==> install: Chromium, for the tests in a browser\033[0m\n'; \
	    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 \
	      || echo 'Chromium could not be installed.'; \
	  else echo 'Chromium is not installed, and this is not root with apt: the tests in a browser will be skipped.'; fi; }

# pytest comes last: its own summary says what was skipped and why, and its last line is this one's.
test: lint js nbval chromium  ## everything: lint, the widgets, nbval and all tests
	$(call say,pytest)
	@$(PY) -m pytest -n 2 --dist loadgroup

notebooks: $(VENV)/made-test  ## execute the notebooks and save their outputs
	@TRACT_NB_CLOCK=$(CLOCK) $(PY) scripts/notebooks.py save

record: $(VENV)/made-test  ## ask the models anew for what the notebooks replay: needs the network and their keys
	@TRACT_NB_CLOCK=$(CLOCK) $(PY) scripts/notebooks.py record

bench: $(VENV)/made-demo  ## the benchmarks, one after the other
	@for file in benchmarks/*.py; do printf '\033[1m==> %s\033[0m\n' "$$file"; $(PY) "$$file" || exit 1; done

docs: $(VENV)/made-demo  ## write the reference of commands from their help texts
	@$(PY) scripts/reference.py write

pictures: $(VENV)/made-test  ## take the README's pictures of the widgets anew
	@$(PY) scripts/pictures.py

lock: $(VENV)/made-venv  ## rewrite constraints.txt with the newest versions that pyproject.toml allows
	@$(PYTHON) scripts/lock.py

sample:  ## rewrite the shipped sample session from its story
	@$(PYTHON) scripts/make_sample.py

clean:  ## remove what builds and tests left (the .venv stays)
	@rm -rf build dist js/node_modules ./*.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
