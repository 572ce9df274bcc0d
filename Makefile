# `make verify` and `make test` need only Python 3.11+, make and a package index.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.installed

.PHONY: verify test gallery bench lint lock clean

verify: $(READY)            ## try every claim against a real pipeline on this machine, about 3 minutes
	$(BIN)/queueproof verify

test: $(READY)              ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup

gallery: $(READY)           ## every broken twin must be caught, no healthy run flagged; about 5 minutes
	$(BIN)/queueproof gallery

bench: $(READY)             ## speeds, as ratios side by side in one run
	$(BIN)/python -m benchmarks

lint: $(READY)              ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Hashes are checked for every package; the build of our own package takes nothing from the network.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "queueproof needs Python 3.11 or newer; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

lock:                       ## renew requirements.lock after a change of pyproject.toml (needs uv)
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --group dev --upgrade --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
