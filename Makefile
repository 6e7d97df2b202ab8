# What a developer runs. With VENV= set to another folder, that one is used.
VENV ?= .venv
PYTHON ?= python3
BIN = $(VENV)/bin
# How long `make chaos` hunts, and how many random networks `make fuzz` makes, from which seed on.
MINUTES ?= 30
N ?= 100
SEED ?= 1
# The tests that need no framework and take no minutes.
PLAIN = "not torch and not keras and not onnx and not slow and not node"

.PHONY: help setup test test-all test-node lint format golden docs site bench fuzz chaos bombs clean

help:
	@echo "make setup     a virtual environment with everything that the tests need"
	@echo "make test      the tests that need no framework: a minute"
	@echo "make test-all  all tests, one after the other: half an hour"
	@echo "make test-node what editors show, by the YAML language server, which npm installs"
	@echo "make lint      ruff, mypy and the import contract"
	@echo "make format    lay out the code as ruff does"
	@echo "make golden    write the expected files of the tests again; read the diff"
	@echo "make docs      write docs/reference, the schema and the examples in README.md and docs again"
	@echo "make site      make a site of the documentation, in build/site: a minute"
	@echo "make bench     measure the speed of what is generated, for docs/performance.md: 10 minutes"
	@echo "make fuzz      N=100 SEED=1: random networks on all backends, held against each other"
	@echo "make chaos     hunt for inputs that bring down what reads specs: MINUTES=30 of the processor"
	@echo "make bombs     draw specs with very much of several things, and tell what takes long: MINUTES=30"
	@echo "make clean     remove what tools have left behind"

setup:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -e '.[test]' -c constraints.txt

test:
	$(BIN)/python -m pytest -q -n auto -m $(PLAIN)

test-all:
	$(BIN)/python -m pytest

test-node:
	npm ci --prefix tests/editor --no-audit --no-fund
	$(BIN)/python -m pytest -q -m node

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

golden:
	REGENERATE=1 $(BIN)/python -m pytest -q tests/test_golden.py tests/test_failures.py tests/lint/test_zoo_hints.py

docs:
	$(BIN)/python -m reference
	REGENERATE=1 $(BIN)/python -m pytest -q tests/test_schema.py tests/test_docs.py tests/test_readme.py

site:
	$(BIN)/python -m sphinx -W --keep-going -n -q -d build/site-trees docs build/site
	@echo "build/site/index.html"

# torchvision asks for one release of PyTorch exactly; its models run with any.
bench:
	$(BIN)/python -m pip install --quiet --no-deps torchvision -c constraints.txt
	$(BIN)/python -m pip install --quiet pillow onnxscript -c constraints.txt
	$(BIN)/python -m bench

fuzz:
	mkdir -p build/fuzz
	TF_CPP_MIN_LOG_LEVEL=3 KERAS_BACKEND=tensorflow $(BIN)/python -m tests.fuzz --networks $(N) \
		--seed $(SEED) --targets torch,onnx,keras --keep build/fuzz --coverage build/fuzz/coverage.tsv
	KERAS_BACKEND=torch $(BIN)/python -m tests.fuzz --networks $(N) --seed $(SEED) \
		--targets keras:torch --keep build/fuzz/torch --coverage build/fuzz/coverage.tsv

# Atheris has wheels for few versions of Python, so that only a hunt asks for it.
chaos:
	$(BIN)/python -m pip install --quiet 'atheris>=3'
	$(BIN)/python -m tests.chaos --minutes $(MINUTES)

bombs:
	$(BIN)/python -m tests.bombs.products --seed $(SEED) --minutes $(MINUTES)

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
