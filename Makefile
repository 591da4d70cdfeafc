# the two commands of a newcomer: make demo, make test; each may be repeated

PYTHON ?= python3
VENV := .venv
DATA ?= ../shared/data
WORKERS ?= 2
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.DEFAULT_GOAL := help
.PHONY: help install demo live real sample build test lint ui clean

help: ## say what can be made
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP) ## virtual environment with the locked packages

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not here: install Python 3.11, 3.12 or 3.13, or name it: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "error: $(PYTHON) is $$($(PYTHON) -V 2>&1); Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "error: $(PYTHON) has no venv module: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked packages into $(VENV)"
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv || true
# uv is ten times faster, but knows nothing of an index set in pip's configuration, and of
# the system's certificates only when told
	@{ test -x $(BIN)/uv && UV_SYSTEM_CERTS=true $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements.lock; } \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: install ## a sample world, loaded, built and tested; prints what came out
	@$(BIN)/frontdesk demo

live: install ## a sample world played live: landing, alerts, wall; Ctrl-C ends it
	@FRONTDESK_HOME="$${FRONTDESK_HOME:-.frontdesk/live}" $(BIN)/frontdesk demo --live

real: install ## load the real data sets of the folder DATA=... and build
	@$(BIN)/frontdesk up
	@$(BIN)/frontdesk load requests311 $(DATA)/vancouver_311_requests_10k.csv.gz
	@$(BIN)/frontdesk load servicenow $(DATA)/servicenow_incidents_opened_to_2016-04-30.csv.gz
	@$(BIN)/frontdesk load chat_transcripts $(DATA)/multidogo_chat_train_dev.tar.gz
	@$(BIN)/frontdesk build

sample: install ## write the sample world and load it
	@$(BIN)/frontdesk up
	@$(BIN)/frontdesk sample
	@$(BIN)/frontdesk load all .frontdesk/sample

build: install ## build and test everything from what is loaded
	@$(BIN)/frontdesk up
	@$(BIN)/frontdesk build

# each worker has a database server of its own; tests/python/conftest.py says what runs where
test: lint ## every check of .ci/run
	@FRONTDESK_REAL_DATA="$(abspath $(DATA))" $(BIN)/python -m pytest -n $(WORKERS)

lint: install ## style of Python and SQL, no database needed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python .ci/sqlfluff lint --processes 2 --disable-progress-bar $(wildcard models tests analyses)

ui: install ## Dagster's pages on this machine
	@$(BIN)/frontdesk up
	@$(BIN)/frontdesk ui

clean: ## stop the database, forget its data and the virtual environment
	@if test -x $(BIN)/frontdesk; then $(BIN)/frontdesk down; fi
	@if test -x $(BIN)/frontdesk -a -d .frontdesk/live; then FRONTDESK_HOME=.frontdesk/live $(BIN)/frontdesk down; fi
	rm -rf .frontdesk target logs $(VENV) *.egg-info
