# make run         the app on demo data           make test        all tests but those in a browser
# make test-fast   no slow tests, no pages        make browser     the browser tests (need chromium)
# make lint        style, types, import order     make formats     docs/formats.md from the documents
# make model       train the shipped model again  make clean       remove .venv and caches

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST = $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
export PYTHONUNBUFFERED := 1

.PHONY: run demo test test-fast lint browser formats model clean

run: demo
	$(BIN)/streamlit run app.py

demo: $(VENV)/ready
	@$(BIN)/python -m mammo_core bootstrap

test: $(VENV)/ready-test
	$(PYTEST)

test-fast: $(VENV)/ready-test
	$(PYTEST) -m "not slow" --ignore tests/pages --ignore tests/ui

lint: $(VENV)/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

browser: $(VENV)/ready-dev
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile tests/browser

formats: $(VENV)/ready
	$(BIN)/python -m docs.generate_formats

model: $(VENV)/ready
	NPY_DISABLE_CPU_FEATURES=X86_V4 $(BIN)/python -m benchmarks.demo_model

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache

$(VENV)/ready: requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed (TensorFlow's range); found: $$(python3 --version 2>&1)."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13 (TensorFlow's range)."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/ready-test: $(VENV)/ready requirements-test.txt
	$(PIP) -r requirements-test.txt
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready-test requirements-dev.txt
	$(PIP) -r requirements-dev.txt
	@touch $@
