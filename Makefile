# make demo, make demo-prometheus, make check, make test, make test-long: each installs what it needs into .venv, and needs nothing but Python 3.11 and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo demo-prometheus check test test-long check-newest-python check-lowest-versions mutation lint format golden dashboards pictures soak clean

# It listens on every address, as the exporter does; make demo FLAGS=--web.listen-address=127.0.0.1:9433 here alone.
demo: $(VENV)/demo-installed
	@$(BIN)/envoy-exporter --demo $(FLAGS)

demo-prometheus: $(VENV)/demo-installed
	@deploy/demo/demo.sh $(BIN)/envoy-exporter

# Before each commit: one process, half a minute.
check: lint
	$(BIN)/pytest -m 'not integration and not exhaustive'

test: $(VENV)/dev-installed
	$(BIN)/pytest -n auto --dist loadfile

test-long: $(VENV)/dev-installed check-lowest-versions
	$(BIN)/pytest -m exhaustive -n auto --dist load

# What depends on the version of Python and of the libraries: unit tests, and those of connections.
SENSITIVE = -m 'not exhaustive' -n auto --dist loadfile tests/gateway tests/transport tests/config tests/collectors tests/commands

# With the newest Python that this machine has, if that is newer than the one of .venv.
check-newest-python:
	@python="$$(.ci/newest-python)"; \
	if [ -z "$$python" ]; then echo "No Python 3.12 or 3.13 on this machine: not tested."; exit 0; fi; \
	set -e; "$$python" --version; "$$python" -m venv $(VENV)-newest; \
	$(VENV)-newest/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'; \
	$(VENV)-newest/bin/pytest $(SENSITIVE)

# With the lowest versions that pyproject.toml declares.
check-lowest-versions: $(VENV)/dev-installed
	$(PYTHON) -m venv $(VENV)-lowest
	$(BIN)/python tests/lowest_versions.py >$(VENV)-lowest/constraints.txt
	$(VENV)-lowest/bin/pip install --quiet --disable-pip-version-check --constraint $(VENV)-lowest/constraints.txt \
		--editable '.[speed,auth,simulator]' hypothesis pytest pytest-xdist
	$(VENV)-lowest/bin/pytest $(SENSITIVE)

# The unit tests against small changes of the code that decides about numbers and sources: up to an hour.
mutation: $(VENV)/dev-installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[mutation]'
	$(BIN)/mutmut run
	$(BIN)/python tests/mutation_scores.py

lint: $(VENV)/dev-installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/dev-installed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The long run takes most of an hour; make soak SCRAPES=20000 POLLS=2000 a minute.
SCRAPES ?= 1000000
POLLS ?= 100000

soak: $(VENV)/dev-installed
	@$(BIN)/python -m bench.soak --scrapes $(SCRAPES) --polls $(POLLS)

dashboards: $(VENV)/dev-installed
	$(BIN)/python grafana/build.py

# The months of history in the pictures; a year takes half an hour.
MONTHS ?= 13

pictures: $(VENV)/dev-installed
	PYTHONPATH=tests $(BIN)/python grafana/pictures/make.py $(MONTHS)

golden: $(VENV)/dev-installed
	$(BIN)/pytest tests/test_golden.py tests/docs --update-golden

clean:
	rm -rf $(VENV) $(VENV)-newest $(VENV)-lowest mutants build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; say which one it is: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

$(VENV)/demo-installed: $(BIN)/pip pyproject.toml constraints.txt
	@echo "Installing into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/dev-installed: $(BIN)/pip pyproject.toml constraints.txt
	@echo "Installing into $(VENV), with what the tests need ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/demo-installed
