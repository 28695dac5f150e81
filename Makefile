# Every target makes its own .venv when it is missing; nothing but Python 3.11+ and make is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test check bench crash kill-test stop-signals long-run leader-test simulate explore mutate format clean pins

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1	\2/' | expand -t 18

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "proforma-sync needs Python 3.11 or newer; try make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

demo: $(STAMP) ## The whole job against mock servers: pull, price, invoice, confirm, push
	@$(BIN)/proforma demo

test: $(STAMP) ## All tests
	$(BIN)/python -m pytest -n auto

check: $(STAMP) ## What must hold before a change lands: style, types, the rooms' borders
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## Speed beside a raw reader, decisions a second, memory
	$(BIN)/python -m benchmarks

crash: $(STAMP) ## The long crash proof: SIGKILL at 200 moments of pull and push
	PROFORMA_CRASH_KILLS=200 $(BIN)/python -m pytest tests/faults -n 2

kill-test: $(STAMP) ## SIGKILL at every boundary of a push to each finance system; prints the report of docs/reliability.md
	PYTHONPATH=tests $(BIN)/python tests/faults/kill_points.py

stop-signals: $(STAMP) ## Stop a daemon at 100 random moments and look for what is lost or doubled
	PROFORMA_STOP_SIGNALS=100 $(BIN)/python -m pytest tests/service/test_service_stopping.py

long-run: $(STAMP) ## Half a year of a daemon on a shortened clock, 2,000 ticks: memory and size of the store (about an hour)
	PYTHONPATH=tests:tests/service $(BIN)/python tests/service/long_run.py

leader-test: $(STAMP) ## Four daemons on one PostgreSQL, the leader killed or frozen 100 times while 300 invoices flow
	PYTHONPATH=tests $(BIN)/python tests/service/leader_kills.py

simulate: $(STAMP) ## 5,000 histories of a push that seeds decide; SEED=17 replays one, SEEDS=200 runs so many
	PYTHONPATH=tests $(BIN)/python tests/faults/simulation.py $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),5000))

explore: $(STAMP) ## The laws of the rules against new random examples, many more than in the tests
	$(BIN)/python -m pytest -n auto -m hypothesis --hypothesis-profile=explore

mutate: $(STAMP) ## Change the pricing rules in thousands of small ways and see which no test notices
	nice -n 19 $(BIN)/python -m benchmarks.mutation

format: $(STAMP) ## Put the code into its form
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

pins: ## Renew constraints.txt (needs uv)
	uv pip compile --universal --python-version 3.11 --all-extras --no-header --no-emit-index-url --no-emit-find-links pyproject.toml -o constraints.txt

clean: ## Remove what the other targets made
	rm -rf $(VENV) .mutants .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
