# Needs Python 3.11 or newer, pip and make. `make demo` and `make test` are the two commands of the README.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# bench/. because bench is the name of a target.
FOLDERS := $(shell find toolkit train export bench/. -type d -not -name __pycache__)

.PHONY: demo test coverage test-slow test-arm test-haswell lint bench clean

demo: $(VENV)/.installed
	$(BIN)/cnnkit demo

# A process for each of up to four processors; a module's tests stay together, and share what they have made.
TEST := $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

test: $(VENV)/.installed-dev lint
	$(TEST)

# The same, and which lines were run, which takes longer.
coverage: $(VENV)/.installed-dev
	$(TEST) --cov --cov-report=term:skip-covered

test-slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow

# On ARM CPUs that qemu emulates. Needs root, who leaves no files here that others could not overwrite.
test-arm: $(VENV)/.installed-dev
	PYTHONDONTWRITEBYTECODE=1 $(BIN)/python -m pytest -p no:cacheprovider -m slow -rs tests/packaging/test_arm.py

# On an x86 CPU without VNNI that qemu emulates (Debian's qemu-user-static), and on this one where its VNNI can be hidden
# (needs gcc): layers, then whole networks; half an hour.
test-haswell: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "slow or not slow" -rs tests/export/quantization/test_haswell.py \
		tests/export/quantization/test_haswell_networks.py

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# FIGURES names some keys of bench/FIGURES.md; without it all figures are measured but those that take hours.
bench: $(VENV)/.installed-bench
	$(BIN)/python tests/scripts/write_figures.py $(FIGURES)

# A strict editable install links the files that exist when it is made: a new file makes a folder newer, which makes it again.
$(VENV)/.installed: pyproject.toml $(FOLDERS)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[all]' --config-settings editable_mode=strict
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

# What of these cannot be installed here is named by the figures that need it.
$(VENV)/.installed-bench: $(VENV)/.installed-dev
	-$(BIN)/python -m pip install --quiet --editable '.[all,litert,openvino,ray]' --config-settings editable_mode=strict && touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
