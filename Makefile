# `make run` and `make test` need Python 3.11 or newer and make, and nothing else beforehand.
PYTHON ?= python3
PORT ?= 8000
JOBS ?= auto

VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.ready-to-run
DEV_READY := $(VENV)/.ready-to-develop
PIP := $(BIN)/python -m pip --disable-pip-version-check
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard portfolio/translations/*/LC_MESSAGES/*.po))

.DEFAULT_GOAL := help
.PHONY: help setup run test lint format bench messages lock clean
.DELETE_ON_ERROR:

help:
	@echo "make run       install, load the demonstration once, and serve on 127.0.0.1:$(PORT)"
	@echo "make test      every check and every test; names what could not run here, and why"
	@echo "make setup     only install what developing needs"
	@echo "make lint      style, types, who may call whom, templates, translations"
	@echo "make format    write the code as the style check wants it"
	@echo "make bench     milliseconds, statements, bytes and memory of each page"
	@echo "make messages  bring the translations up to date with the code"
	@echo "make lock      pin the dependencies anew (needs uv)"
	@echo "make clean     remove everything made here but the data"

setup: $(DEV_READY) $(CATALOGUES)

run: $(RUN_READY) $(CATALOGUES)
	@$(BIN)/portfolio migrate
	@$(BIN)/portfolio demo --if-empty
	@exec $(BIN)/portfolio serve --port $(PORT)

test: lint
	$(BIN)/python -m pytest -n $(JOBS) --maxprocesses 4 --dist loadfile

lint: $(DEV_READY) $(CATALOGUES)
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tools.templates templates
	$(BIN)/python -m tools.messages check

format: $(DEV_READY)
	$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format --quiet .

bench: $(RUN_READY) $(CATALOGUES)
	$(BIN)/python -m bench

messages: $(DEV_READY)
	$(BIN)/python -m tools.messages update

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv (https://docs.astral.sh/uv)" >&2; exit 1; }
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--no-emit-find-links --output-file requirements/run.lock pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--no-emit-find-links --constraint requirements/run.lock --extra dev \
		--output-file requirements/dev.lock pyproject.toml

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -f portfolio/translations/*/LC_MESSAGES/*.mo portfolio/translations/*.pot
	find config.py portfolio rubric migrations tests tools bench -name __pycache__ -prune -exec rm -rf {} +

$(RUN_READY): requirements/run.lock pyproject.toml | $(BIN)/python
	@echo "Installing what running needs ($<) …"
	@$(PIP) install --quiet --require-hashes --requirement $<
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_READY): requirements/dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing what developing needs ($<) …"
	@$(PIP) install --quiet --require-hashes --requirement $<
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(RUN_READY)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed, and $(PYTHON) isn't: $$($(PYTHON) --version 2>&1)." >&2; \
		echo "Name another one, for example: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) can't make environments; on Debian install the package python3-venv." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

%.mo: %.po | $(RUN_READY)
	@$(BIN)/pybabel --quiet compile --locale $(notdir $(patsubst %/LC_MESSAGES/,%,$(dir $<))) --input-file $< --output-file $@
