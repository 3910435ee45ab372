# make demo    the report on a sample log
# make test    all tests
# make check   formatting, lint, types; those of the native core too where cargo is
# make format  formats and mends what can be mended
# make fuzz    tries the native core with inputs nobody thought of, for FUZZ_SECONDS
# make differential  compares both cores cell for cell on DIFF_LINES generated and half as many mutated lines
# make kill    kills an ingestion KILLS times while its log is rotated; every line must be there once
# make bench   measures it beside wc, pflogsumm and postfix-logwatch, into docs/benchmarks.md
# make docs    the pages of docs/ and the manual page, which are made from the code
# make clean   removes the virtual environment, caches and build output
#
# All of them work in .venv, which the first one makes. PYTHON=python3.12 chooses the Python for it.

PYTHON ?=
# The stamps of the samples have no year, and one of their networks is the site's own (sample_logs/README.md).
LOGS ?= --year 2026 --tz UTC --mynetworks 192.168.10.0/24 sample_logs/helo_trial.log
PYTEST_ARGS ?=
# That share out the tests, more than there are cores: live tests mostly wait (docs/decisions/0011). 0 is pytest alone.
PROCESSES ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 7 ? n + 2 : 8)))
# Such as --lines 5000000 (benchmarks/bench.py).
BENCH_ARGS ?=
# All targets together; compiling them takes a minute before (scripts/fuzz).
FUZZ_SECONDS ?= 600
FUZZ_ARGS ?=
# 10000000 takes a quarter of an hour or so (scripts/differential).
DIFF_LINES ?= 100000
DIFF_ARGS ?=
# Two seconds or so each (tests/store/killing.py).
KILLS ?= 200

export PYTHON
BIN := .venv/bin
# Cargo by itself: it would look for the job server of a make with --jobs.
CARGO := env -u MAKEFLAGS -u MFLAGS cargo

.PHONY: demo test check check-python check-rust format docs bench fuzz differential kill clean

demo:
	@scripts/setup
	@$(BIN)/logtune report $(LOGS)

test:
	@scripts/setup test
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadscope --no-loadscope-reorder $(PYTEST_ARGS)

check:
	@scripts/setup dev
	@if command -v cargo >/dev/null; then $(MAKE) --no-print-directory --jobs=2 check-python check-rust; \
	else $(MAKE) --no-print-directory check-python; echo "no cargo here: the native core is not checked"; fi

check-python:
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy --strict logtune

check-rust:
	$(CARGO) fmt --manifest-path rust/Cargo.toml --all --check
	$(CARGO) fmt --manifest-path rust/fuzz/Cargo.toml --check
	$(CARGO) clippy --quiet --manifest-path rust/Cargo.toml --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy --quiet --manifest-path rust/fuzz/Cargo.toml --all-targets --locked --target-dir rust/target -- -D warnings
	$(CARGO) test --quiet --manifest-path rust/Cargo.toml --workspace --exclude logtune-native --locked
	$(CARGO) test --quiet --manifest-path rust/fuzz/Cargo.toml --lib --locked --target-dir rust/target

format:
	@scripts/setup dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs:
	@scripts/setup
	@$(BIN)/python docs/generate.py
	@$(BIN)/python docs/manual.py

bench:
	@scripts/setup
	@$(BIN)/python benchmarks/bench.py $(BENCH_ARGS)

fuzz:
	@scripts/setup
	@$(BIN)/python scripts/fuzz --seconds $(FUZZ_SECONDS) $(FUZZ_ARGS)

differential:
	@scripts/setup
	@$(BIN)/python scripts/differential --lines $(DIFF_LINES) $(DIFF_ARGS)

kill:
	@scripts/setup test
	@PYTHONPATH=$(CURDIR) $(BIN)/python tests/store/killing.py $(KILLS)

clean:
	rm -rf .venv build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
