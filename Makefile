# Everything a person or a machine runs here. The environment lives in .venv/ and is
# made anew only when a lock file changed. PYTHON may name another interpreter (>= 3.11).

PYTHON ?= python3
BIN := .venv/bin
RUNTIME := .venv/.runtime-installed
DEV := .venv/.dev-installed
DAGSTER_HOME := $(CURDIR)/.dagster
export UV_NO_PROGRESS := 1
export UV_COMPILE_BYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help demo dev test test-slow check kills e2e bench bench-small realism lock clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(RUNTIME) $(DAGSTER_HOME)/dagster.yaml ## Set everything up, simulate one window offline, show what came out
	@DAGSTER_HOME=$(DAGSTER_HOME) $(BIN)/claimsim demo

dev: $(RUNTIME) $(DAGSTER_HOME)/.pool-set ## The Dagster UI on http://127.0.0.1:3000
	DAGSTER_HOME=$(DAGSTER_HOME) DUCKDB_PATH=$${DUCKDB_PATH:-instance/analytics.duckdb} \
		$(BIN)/dagster dev --host 127.0.0.1 --port 3000 --workspace workspace.yaml

test: $(DEV) ## The unit suite
	$(BIN)/python -m pytest -q -n 2

test-slow: $(DEV) ## Tests that start other processes
	$(BIN)/python -m pytest -q -m slow -n 2

check: $(DEV) ## Lint, types, imports, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 2

kills: $(DEV) ## Kill runs at random moments, and count what was lost (KILLS=30)
	$(BIN)/python -m pytest -q -m kill

e2e: $(DEV) ## The UI and the report page in a real browser (needs chromium)
	$(BIN)/python -m pytest -q -m browser

bench: $(RUNTIME) ## All benchmarks at full size, figures against targets
	$(BIN)/claimsim bench

bench-small: $(DEV) ## The benchmarks small, for correctness only
	$(BIN)/python -m pytest -q -m bench

realism: $(DEV) ## How real the claims look, figures against targets
	$(BIN)/claimsim bench realism

lock: ## Write the lock files anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--extra dev pyproject.toml --output-file requirements-dev.txt

clean: ## Remove the environment and everything generated (not the databases)
	rm -rf .venv .dagster build *.egg-info

.venv/.uv-installed: requirements-uv.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(RUNTIME): .venv/.uv-installed requirements.txt pyproject.toml
	$(BIN)/uv pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUNTIME) requirements-dev.txt
	$(BIN)/uv pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

$(DAGSTER_HOME)/dagster.yaml: dagster.yaml
	@mkdir -p $(DAGSTER_HOME)
	@cp $< $@

# A pool's default limit holds from the second look at the queue on; this one holds at once.
$(DAGSTER_HOME)/.pool-set: $(DAGSTER_HOME)/dagster.yaml
	@DAGSTER_HOME=$(DAGSTER_HOME) $(BIN)/dagster instance concurrency set claimsim_simulation 1
	@touch $@
