# make demo    the report on a sample log
# make test    all tests
# make check   formatting, lint, types
# make format  formats and mends what can be mended
# make docs    the pages of docs/ that are made from the code
# make clean   removes the virtual environment, caches and build output
#
# All of them work in .venv, which the first one makes. PYTHON=python3.12 chooses the Python for it.

PYTHON ?=
# The stamps of the samples have no year, and one of their networks is the site's own (sample_logs/README.md).
LOGS ?= --year 2026 --tz UTC --mynetworks 192.168.10.0/24 sample_logs/helo_trial.log
PYTEST_ARGS ?=

export PYTHON
BIN := .venv/bin

.PHONY: demo test check format docs clean

demo:
	@scripts/setup
	@$(BIN)/logtune report $(LOGS)

test:
	@scripts/setup test
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

check:
	@scripts/setup dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy --strict logtune

format:
	@scripts/setup dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs:
	@scripts/setup
	@$(BIN)/python docs/generate.py

clean:
	rm -rf .venv build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
