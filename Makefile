# The commands people use; `make help` lists them. Everything is installed inside this folder:
# uv in .tools/, Python packages in .venv/, Node packages in node_modules/.
PYTHON ?= python3
ARGS ?=

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# An environment that somebody else made must not leak into ours.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1

BIN := .venv/bin
UV := .tools/uv/bin/uv
VENV := .venv/.installed
NODE := node_modules/.installed
PROJECTS := $(sort $(wildcard libs/*/pyproject.toml services/*/pyproject.toml))
PACKAGES := $(patsubst %/pyproject.toml,%,$(PROJECTS))
CHECKS := style types imports unused lock generated web
SOURCES := libs services tests deploy docs conftest.py
LOCK = $(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links --python-version 3.11 --all-extras --group dev \
  $(PROJECTS) $(foreach p,$(PROJECTS),--no-emit-package $(shell sed -n 's/^name = "\(.*\)"/\1/p' $(p)))

.PHONY: help run test check bench conformance chaos fuzz clean lock generate $(CHECKS:%=check-%)

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(VENV) ## the whole system on this machine, with real work flowing; Ctrl-C stops it
	@exec $(BIN)/python -m deploy.local.run

test: $(VENV) ## every test, on Apache Kafka and on the embedded broker (ARGS="-k resume" for some)
	@PYTHON=$(BIN)/python deploy/local/system-packages kafka
	@deploy/local/system-packages browser
	$(BIN)/python -m pytest $(or $(ARGS),--numprocesses=2 --dist=loadfile --no-loadscope-reorder --max-worker-restart=0)

check: $(CHECKS:%=check-%) ## style, types, imports, unused code, lock, generated files (-k: all of them)

check-style: $(VENV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

check-types: $(VENV)
	$(BIN)/mypy $(SOURCES)

check-imports: $(VENV)
	$(BIN)/lint-imports --no-logo

check-unused: $(VENV)
	$(BIN)/python -m tests.unused

check-lock: $(UV)
	@cp requirements.lock .tools/requirements.lock
	$(LOCK) -o .tools/requirements.lock
	diff -u requirements.lock .tools/requirements.lock

check-generated: $(VENV)
	$(BIN)/python -m autodmca_events.generate --check
	$(BIN)/python -m autodmca_events.compatibility
	$(BIN)/python -m docs.generate --check

check-web: $(NODE)
	npm run --silent types
	npm run --silent lint
	node libs/events/validate-asyncapi.mjs

bench: $(VENV) ## measure against the references; prints Markdown tables
	$(BIN)/python -m tests.load.run $(ARGS)

conformance: $(VENV) ## the Autobahn suite against the edge's WebSocket (needs Python 2.7; ARGS='7.*' for some)
	$(BIN)/python -m tests.conformance.autobahn $(ARGS)

chaos: $(VENV) ## a thousand clients, edges and Kafka killed, frozen and cut off (CHAOS_CLIENTS, _RATE, _SECONDS, _SEED)
	@PYTHON=$(BIN)/python deploy/local/system-packages kafka
	$(BIN)/python -m tests.e2e.chaos.run

fuzz: $(VENV) ## a million damaged frames and messages against an edge (FUZZ_SEED, FUZZ_COUNT)
	$(BIN)/python -m tests.fuzz.run

clean: ## remove everything that was installed or built here
	rm -rf .venv .tools .run node_modules .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: $(UV) ## write requirements.lock anew, keeping standing pins (ARGS=--upgrade for newer ones)
	$(LOCK) $(ARGS) -o requirements.lock

generate: $(VENV) ## write the generated schemas, types and tables of the documentation anew
	$(BIN)/python -m autodmca_events.generate
	$(BIN)/python -m docs.generate

# uv is taken from the lock like everything else, so that every machine runs the same one.
$(UV): | requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit( \
	  "Python 3.11 to 3.13 is needed, %s is %d.%d: try make PYTHON=python3.12" % (sys.executable, *v))'
	@PYTHON=$(PYTHON) deploy/local/system-packages venv
	$(PYTHON) -m venv --clear .tools/uv
	@awk '/^[a-z]/ { uv = /^uv==/ } uv' requirements.lock > .tools/uv/requirements.txt
	.tools/uv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r .tools/uv/requirements.txt
	@touch $@

$(VENV): requirements.lock pyproject.toml $(PROJECTS) | $(UV)
	@test -x $(BIN)/python && $(BIN)/python -c '' || $(UV) venv --quiet --clear --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(addprefix -e ,$(PACKAGES))
	@touch $@

$(NODE): package-lock.json package.json .npmrc
	@deploy/local/system-packages node
	npm ci --no-progress
	@touch $@
