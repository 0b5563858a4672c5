# Everything a fresh machine with Python (3.10 or newer), make and Node needs, it gets here, without root:
#
#   make demo     installs, checks and builds examples/flight_delay, runs it, says where the report and the model are
#   make test     everything: style, types, the tests, the real engines (which it installs)
#   make check    the fast part of it, a minute or two
#   make system   with root, on Debian: what some engines need of the system (podman, PostgreSQL)
#
# Packages come from wherever pip is configured to find them (PIP_INDEX_URL, PIP_CERT and so on are handed on to uv).

PYTHON ?= python3
DEMO := examples/flight_delay

VENV := .venv
BIN := $(VENV)/bin
UV := .engines/.uv/bin/uv
ENGINES := $(patsubst tests/engines/%.txt,.engines/%/.installed,$(wildcard tests/engines/*.txt))

export UV_PYTHON_DOWNLOADS = never
export UV_LINK_MODE ?= copy
export UV_NO_PROGRESS = 1
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
ifdef PIP_EXTRA_INDEX_URL
export UV_INDEX ?= $(PIP_EXTRA_INDEX_URL)
endif
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
endif
ifdef PIP_CERT
export SSL_CERT_FILE ?= $(PIP_CERT)
endif

.PHONY: help install engines demo check lint test system clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^#   //p' Makefile

# ------------------------------------------------------------------- set-up

install: $(VENV)/.installed

engines: $(ENGINES)

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "Python 3.10 or newer is needed: make PYTHON=python3.12 …" >&2; exit 2; }
	@$(PYTHON) -m venv .engines/.uv \
	  || { echo "$(PYTHON) has no module venv (on Debian: apt-get install python3-venv)" >&2; exit 2; }
	@.engines/.uv/bin/python -m pip install -q --disable-pip-version-check 'uv>=0.5,<1'

$(BIN)/python: | $(UV)
	$(UV) venv -q --allow-existing --python "$$(command -v $(PYTHON))" $(VENV)

# The demo's own packages go into the same environment: its stages run with the Python that runs mlopsc.
# mypy and editors find the package by the link, since the root of the checkout is the package (pyproject.toml).
$(VENV)/.installed: pyproject.toml $(DEMO)/requirements.txt | $(BIN)/python
	$(UV) pip install -q --python $(BIN)/python -e '.[dev]' -r $(DEMO)/requirements.txt
	@mkdir -p $(VENV)/src && ln -sfn ../.. $(VENV)/src/mlopsc
	@touch $@

# One environment an engine: their dependencies fight.
.engines/%/.installed: tests/engines/%.txt | $(UV)
	$(UV) venv -q --clear --python "$$(command -v $(PYTHON))" .engines/$*
	$(UV) pip install -q --python .engines/$*/bin/python -r $<
	@touch $@

# The one part that needs root. Where it cannot be had, the engines that need it are skipped, by name.
system:
	@if [ "$$(id -u)" = 0 ]; then sh tests/engines/system.sh; \
	elif command -v sudo >/dev/null; then sudo sh tests/engines/system.sh; \
	else echo "make system: needs root, and there is no sudo" >&2; exit 2; fi

# --------------------------------------------------------------------- work

demo: $(VENV)/.installed
	@BIN="$(CURDIR)/$(BIN)" sh $(DEMO)/demo.sh

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint
	$(BIN)/pytest -v -n 3 -m 'not engine and not slow'

test: lint $(ENGINES)
	$(BIN)/pytest -v

clean:
	rm -rf $(VENV) .engines build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find examples -name .mlops -type d -prune -exec chmod -R u+w {} + -exec rm -rf {} +
