# Two commands on a fresh machine: `make demo` and `make test`. Everything they need, they install.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test gate lint check-fresh soak bench docs notebooks package clean ngspice browser setup

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(STAMP) ngspice  ## virtual environment with pinned versions, and ngspice

$(STAMP): pyproject.toml constraints/pinned.txt constraints/locked.txt scripts/make_venv.sh
	@sh scripts/make_venv.sh $(PYTHON) $(VENV)
	@touch $@

ngspice: scripts/ensure_ngspice.sh
	@sh scripts/ensure_ngspice.sh

browser: scripts/ensure_browser.sh
	@sh scripts/ensure_browser.sh

demo: setup  ## device parameters -> ngspice -> accuracy of a spiking network; ends in an HTML report
	@$(BIN)/xbarsim demo $(DEMO_ARGS)

lint: $(STAMP)  ## style, types, import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check-fresh: setup  ## fail when a committed, generated file is stale
	$(BIN)/xbarsim netlist --golden netlists --check
	$(BIN)/python scripts/readme_numbers.py --check

test: setup browser lint check-fresh  ## lint, types, import contracts, tests (ngspice included)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

soak: setup  ## fuzzing at length, with its figures in validation/trust
	XBARSIM_FUZZ_REPORT=validation/trust/fuzz.json $(BIN)/python -m pytest tests/trust --hypothesis-profile=soak

gate: $(STAMP)  ## fail when the exact model is slower than half its bars (ratios, some seconds)
	$(BIN)/xbarsim bench --gate

bench: setup  ## ratios against peers, written to validation/benchmarks
	$(BIN)/xbarsim bench

$(VENV)/.docs: $(STAMP) constraints/docs.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints/pinned.txt --requirement constraints/docs.txt
	@touch $@

docs: $(VENV)/.docs  ## build site/, strictly; look at it with: python3 -m http.server -d site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

notebooks: $(VENV)/.docs ngspice  ## run the notebooks and keep their pictures
	$(BIN)/python scripts/run_notebooks.py $(NOTEBOOKS)

package: setup  ## build sdist and wheel, check them, and try the wheel in an empty environment
	sh scripts/check_package.sh $(PYTHON) $(BIN)/python

clean:  ## remove the virtual environment and caches of the tools
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
