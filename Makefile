# Every target makes its own virtual environment in .venv when there is none.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test torture check bench docs dist clean

demo: .venv/ready  ## scores, trains and reports on built-in data; ends by naming the page
	$(BIN)/posesift demo

test: .venv/ready  ## the whole test suite, doctests included
	$(BIN)/python -m pytest -n 2 --dist loadgroup --durations=25

torture: .venv/ready  ## commands ended at hundreds of moments; the figures stand in docs/reliability.md
	POSESIFT_TORTURE=5 nice -n 10 $(BIN)/python -m pytest -n 2 tests/torture

check: .venv/ready  ## lint, format, types, and which room may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: .venv/ready  ## speed, as ratios to floors; names what moved. Options: BENCH='--only steps --quick'
	$(BIN)/python benchmarks $(BENCH)

docs: .venv/docs  ## the manual, in site/
	$(BIN)/mkdocs build --strict

dist:  ## wheel and sdist in dist/, installed into empty environments and tried there
	$(PYTHON) tools/check_dist.py

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "PoseSift needs Python 3.11 or newer; found " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

.venv/docs: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@

clean:  ## removes the environment and what tools left; never touches runs/
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis site dist
