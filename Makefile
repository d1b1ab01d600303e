# Everything sets itself up. `make demo` needs Python ≥ 3.11, npm and nothing else; later runs are offline.
PYTHON ?= python3
BIN := .venv/bin
FORGE := contracts/node_modules/.bin/forge
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help demo dev test test-containers lint bench soak chaos abi stubs docs lock clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

demo: .setup/run .setup/chain ## Run a workflow on a local network of five operators, one of them broken
	@$(BIN)/hourglass demo

dev: .setup/run .setup/chain ## Keep a local network running
	@$(BIN)/hourglass dev

test: .setup/dev .setup/chain .setup/contracts ## Run every test that needs no Docker
	$(BIN)/pytest -n auto --dist worksteal -m "not containers" $(PYTEST)

test-containers: .setup/dev ## Run the tests that need a Docker engine
	$(BIN)/pytest tests/containers $(PYTEST)

lint: .setup/dev .setup/contracts ## Check style, types and the import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy hourglass agent aggregator messages examples tests
	$(BIN)/mypy deploy/devkit/workflow.py
	$(BIN)/lint-imports
	$(BIN)/codespell
	cd contracts && node_modules/.bin/forge fmt --check

bench: .setup/run .setup/chain ## Measure certificates and phases on this machine
	$(BIN)/hourglass bench certify
	$(BIN)/hourglass bench phase

soak: .setup/dev .setup/chain ## Run executions one after another for SECONDS_TO_RUN seconds (default 120) and check for leaks
	PYTHONPATH=. $(BIN)/python -m tests.e2e.soak $${SECONDS_TO_RUN:-120}

chaos: .setup/dev .setup/chain ## The end-to-end tests that kill processes and wipe the bus, again and again
	for round in 1 2 3; do $(BIN)/pytest tests/e2e -n 2 -k "killed or wiped or restarted" || exit 1; done

abi: .setup/run .setup/contracts ## Compile the contracts into the package
	$(BIN)/python contracts/export_abi.py

stubs: .setup/dev ## Write the messages of gRPC services from protos/
	$(BIN)/python protos/generate.py

docs: .setup/run ## Write the generated parts of the documentation
	$(BIN)/python docs/generate.py

lock: ## Resolve the dependencies anew
	$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --extra local --extra grpc -o requirements/run.txt pyproject.toml
	$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe -c requirements/run.txt -o requirements/dev.txt requirements/dev.in
	$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --allow-unsafe -o requirements/build.txt requirements/build.in

clean: ## Remove everything that was set up
	rm -rf .venv .setup node_modules contracts/node_modules contracts/out contracts/cache

# ── Set-up: each stamp is made again only when its lock file changes ──────────────────────────────────

.setup/venv:
	@echo "Setting up: virtual environment"
	@mkdir -p .setup
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv
	@touch $@

.setup/run: .setup/venv requirements/run.txt requirements/build.txt pyproject.toml
	@echo "Setting up: Python packages"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.setup/dev: .setup/run requirements/dev.txt
	@echo "Setting up: development tools"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

.setup/chain: package-lock.json
	@echo "Setting up: anvil"
	@mkdir -p .setup
	@npm ci --silent --no-fund --no-audit
	@touch $@

.setup/contracts: contracts/package-lock.json
	@echo "Setting up: Solidity tools"
	@mkdir -p .setup
	@cd contracts && npm ci --silent --no-fund --no-audit
	@touch $@
