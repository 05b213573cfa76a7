# make demo    create the environment and run the whole demo matrix on synthetic data
# make test    create the environment and run every test
# make lint    ruff, snakefmt and snakemake --lint
# make lock    resolve envs/requirements.in into envs/requirements.txt

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ENVIRONMENT := $(VENV)/.installed
TABLES := results/tables/table1.tex results/tables/table2.tex

.PHONY: demo test lint lock environment latex clean

environment: $(ENVIRONMENT)

# --no-deps: the lock is complete, and pip alone could not leave out the OpenCV build it replaces.
$(ENVIRONMENT): envs/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "smallobjects needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-deps --require-hashes -r envs/requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@
