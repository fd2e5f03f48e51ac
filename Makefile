# Two commands bring a fresh machine all the way: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: demo test fuzz check bench docs lock clean

$(VENV)/.run: requirements.lock pyproject.toml
	@echo "installing what the program needs into $(VENV); this takes a minute or two" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e . >&2
	@$(BIN)/python -m compileall -q config gateway protocols routing >&2
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements-test.lock
	@echo "installing what its tests need; this takes a few minutes"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-test.lock
	touch $@

demo: $(VENV)/.run  ## the whole system on one machine; ARGS='--for 60 --json'
	@$(BIN)/octway demo $(ARGS)

test: $(VENV)/.test  ## the whole test suite in two processes; ARGS='-k sftp -n 0'
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

fuzz: $(VENV)/.test  ## property tests with new cases; ARGS='tests/protocols'
	$(BIN)/python -m pytest --hypothesis-profile=fuzz $(ARGS)

check: $(VENV)/.test  ## style, types, layers, documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_documents.py

$(VENV)/.bench: $(VENV)/.test requirements-bench.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.lock
	touch $@

bench: $(VENV)/.bench  ## ratios against named peers, side by side; ARGS='--only sftp'
	$(BIN)/python -m bench $(ARGS)

docs: $(VENV)/.test  ## make the reference pages anew from the code
	$(BIN)/python -m gateway.reference docs/reference

lock:  ## pin every dependency by name and version
	$(PYTHON) -m venv .lock-venv
	.lock-venv/bin/python -m pip install --quiet .
	.lock-venv/bin/python -m pip freeze --exclude octway --exclude setuptools --exclude pip > requirements.lock
	.lock-venv/bin/python -m pip install --quiet '.[test]'
	.lock-venv/bin/python -m pip freeze --exclude octway --exclude setuptools --exclude pip > requirements-test.lock
	rm -rf .lock-venv build octway.egg-info

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
