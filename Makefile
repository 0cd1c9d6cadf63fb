# One word does it. `make up` needs Python 3.11 or newer, and nothing else.
BIN := .venv/bin

.PHONY: help up demo test check bench faults clean
.DEFAULT_GOAL := help

help: ## This list.
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile | expand -t 16

up: .venv/clew-local ## Everything on this machine, with simulated partners; Ctrl-C stops it.
	@$(BIN)/clew up

demo: .venv/clew-local ## Five journeys to their end, checked; removes what it made.
	@$(BIN)/clew demo --journeys 5

test: .venv/clew-dev ## All tests, also of the real server and of PostgreSQL.
	$(BIN)/pytest -n 2 --dist loadfile

check: .venv/clew-dev ## Form, types, arrows between packages, and that the reference is complete.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/docs

bench: .venv/clew-dev ## Our figures, each beside its floor.
	$(BIN)/clew bench

faults: .venv/clew-dev ## What happens when processes are killed and answers get lost.
	$(BIN)/pytest tests/faults

clean: ## Remove the environment and all caches; the home folder (.clew) stays.
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: a second run does not install again, a changed pyproject.toml does.
.venv/clew-local: pyproject.toml
	@.ci/venv local
	@touch $@

.venv/clew-dev: .venv/clew-local
	@.ci/venv dev
	@touch $@
