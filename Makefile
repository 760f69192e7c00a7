# The commands people use; `make help` lists them. Everything is installed inside this folder:
# uv in .tools/, Python packages in .venv/, Node packages in node_modules/.
PYTHON ?= python3
ARGS ?=
DIST ?= dist
WORKERS ?= 2

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# An environment that somebody else made must not leak into ours.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1

BIN := .venv/bin
UV := .tools/uv/bin/uv
VENV := .venv/.installed
NODE := node_modules/.installed
WEB := libs/web-client/dist/.built
PAGE := services/console/src/autodmca_console/static/.built
PROJECTS := $(sort $(wildcard libs/*/pyproject.toml services/*/pyproject.toml))
PACKAGES := $(patsubst %/pyproject.toml,%,$(PROJECTS))
CHECKS := style types imports unused lock generated web deploy
SOURCES := libs services tests deploy docs conftest.py
LOCK = $(UV) pip compile --quiet --universal --fork-strategy fewest --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links --python-version 3.11 --all-extras --group dev \
  $(PROJECTS) $(foreach p,$(PROJECTS),--no-emit-package $(shell sed -n 's/^name = "\(.*\)"/\1/p' $(p)))

# What to do when the check before it fails; no commas.
remedy = || { echo "check failed: $(1)" >&2; exit 1; }

.PHONY: help run console story screenshots up smoke down dist wheels test check bench bench-web quality conformance proofs chaos kills fuzz clean lock generate $(CHECKS:%=check-%)

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(VENV) ## the whole system on this machine, with real work flowing; Ctrl-C stops it
	@! command -v npm > /dev/null || $(MAKE) console || echo "make run: goes on without the console's page" >&2
	@exec $(BIN)/python -m deploy.local.run

story: $(VENV) ## a person goes through the whole product once, as fast as it goes (STORY_SEED)
	@exec $(BIN)/python -m deploy.story

console: $(PAGE) ## build the console's page

up: ## the whole system in containers, with Apache Kafka; returns when it works and says where to look
	@deploy/docker/up

smoke: $(VENV) ## prove that it works (SMOKE_SECONDS=60, SMOKE_KILL=edge-1,kafka to kill some meanwhile)
	@$(BIN)/python -m deploy.smoke

down: ## stop it; what it holds stays (ARGS=--volumes: not)
	@docker compose --profile '*' down $(ARGS)

test: $(VENV) $(NODE) $(PAGE) ## every test, on Apache Kafka and on the embedded broker (ARGS="-k resume" for some, WORKERS=3)
	@PYTHON=$(BIN)/python deploy/local/system-packages kafka
	@deploy/local/system-packages browser
	@deploy/local/system-packages haproxy
	@deploy/local/system-packages promtool || true  # a real Prometheus, for the console
	$(BIN)/python -m pytest $(or $(ARGS),--numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder --max-worker-restart=0)

check: $(CHECKS:%=check-%) ## style, types, imports, unused code, lock, generated files, deployment (-k: all)

check-style: $(VENV)
	@$(BIN)/ruff format --check . $(call remedy,run .venv/bin/ruff format .)
	@$(BIN)/ruff check . $(call remedy,mend the lines named; .venv/bin/ruff check --fix . does some by itself)

check-types: $(VENV)
	@$(BIN)/mypy $(SOURCES) $(call remedy,mend the types on the lines named; the rules are in [tool.mypy] of pyproject.toml)

check-imports: $(VENV)
	@$(BIN)/lint-imports --no-logo $(call remedy,take the imports named out: who may import whom is in docs/architecture.md)

check-unused: $(VENV)
	$(BIN)/python -m tests.unused

check-lock: $(UV)
	@cp requirements.lock .tools/requirements.lock
	$(LOCK) -o .tools/requirements.lock
	@diff -u requirements.lock .tools/requirements.lock $(call remedy,run make lock and commit requirements.lock)

check-generated: $(VENV)
	$(BIN)/python -m autodmca_events.generate --check
	$(BIN)/python -m autodmca_events.compatibility
	$(BIN)/python -m docs.generate --check
	$(BIN)/python -m deploy.generate --check
	$(BIN)/python -m deploy.records

check-deploy: $(VENV)
	@deploy/local/system-packages promtool
	@deploy/local/system-packages kustomize
	@$(BIN)/python -m deploy.validate

check-web: $(WEB) $(PAGE)
	@npm run --silent types $(call remedy,mend the types on the lines named; what is under generated/ comes from libs/events/src/autodmca_events/generate)
	@npm run --silent lint $(call remedy,mend the lines named; npx eslint --fix . does some by itself)
	@node libs/events/validate-asyncapi.mjs $(call remedy,mend libs/events/src/autodmca_events/generate/asyncapi.py and run make generate)
	@npm run --silent package -w libs/web-client $(call remedy,mend what is named in libs/web-client: package.json; or what the core imports)
	@npm run --silent size -w services/console $(call remedy,load what is named in services/console/web later; or not at all)

dist: wheels $(WEB) ## what other projects install, in dist/: wheels of the libraries, and the npm package
	@npm pack --silent --workspace libs/web-client --pack-destination $(DIST)

wheels: $(VENV)
	@mkdir -p $(DIST) && rm -f $(DIST)/*.whl $(DIST)/*.tgz
	@for each in libs/*/pyproject.toml; do \
	  (cd $$(dirname $$each) && $(CURDIR)/$(BIN)/python -m hatchling build -t wheel -d $(abspath $(DIST))) || exit 1; \
	done

bench: $(VENV) ## measure against the references; prints Markdown tables
	$(BIN)/python -m tests.load.run $(ARGS)

screenshots: $(VENV) $(PAGE) ## draw every view of the console into docs/images/ (ARGS="health social": some)
	@deploy/local/system-packages browser
	$(BIN)/python -m tests.e2e.console_pictures $(ARGS)

quality: $(VENV) ## how exact the domain functions are on real data; prints Markdown tables
	@$(BIN)/python -m tests.quality.run

bench-web: $(NODE) ## the web client beside centrifuge-js and graphql-ws (ARGS=20000 events)
	@node libs/web-client/bench/run.mjs "$$(command -v chromium)" $(ARGS)

conformance: $(VENV) ## the Autobahn suite against the edge's WebSocket (needs Python 2.7; ARGS='7.*' for some)
	$(BIN)/python -m tests.conformance.autobahn $(ARGS)

proofs: $(VENV) ## what replicas answer is checked as one history, and all kill tests at length (SECONDS=300, KILLS=300, SEED)
	@PYTHON=$(BIN)/python deploy/local/system-packages kafka
	PROOF_SECONDS=$(or $(SECONDS),300) PROOF_SEED=$(SEED) $(BIN)/python -m pytest -s tests/linearizable \
	  tests/integration/test_owners.py tests/integration/test_relay.py -o faulthandler_timeout=0
	DELISTING_KILLS=$(or $(KILLS),300) DELISTING_SEED=$(SEED) SOCIAL_MEDIA_KILLS=$(or $(KILLS),300) \
	  SOCIAL_MEDIA_SEED=$(SEED) AI_DETECTION_KILLS=$(or $(KILLS),300) AI_DETECTION_SEED=$(SEED) \
	  ACCOUNTS_KILLS=$(or $(KILLS),300) ACCOUNTS_SEED=$(SEED) \
	  $(BIN)/python -m pytest -s tests/integration/test_delisting_kills.py \
	  tests/integration/test_social_media_kills.py tests/integration/test_ai_detection_kills.py \
	  tests/integration/test_accounts_kills.py -o faulthandler_timeout=0
	@$(MAKE) kills PROCESSOR_KILLS=$(or $(KILLS),300) PROCESSOR_SEED=$(SEED) REBALANCE_S=$(or $(SECONDS),300)

chaos: $(VENV) ## a thousand clients, edges and Kafka killed, frozen and cut off (CHAOS_CLIENTS, _RATE, _SECONDS, _SEED)
	@PYTHON=$(BIN)/python deploy/local/system-packages kafka
	$(BIN)/python -m tests.e2e.chaos.run

kills: $(VENV) ## replicas killed, frozen and doubled hundreds of times (PROCESSOR_KILLS, PROCESSOR_SEED, REBALANCE_S)
	@PYTHON=$(BIN)/python deploy/local/system-packages kafka
	PROCESSOR_KILLS=$${PROCESSOR_KILLS:-500} REBALANCE_S=$${REBALANCE_S:-120} $(BIN)/python -m pytest -s \
	  tests/integration/test_processor_kills.py tests/integration/test_processor_rebalance.py \
	  tests/integration/test_work_overlap.py

fuzz: $(VENV) ## a million damaged frames and messages against an edge (FUZZ_SEED, FUZZ_COUNT)
	$(BIN)/python -m tests.fuzz.run

clean: ## remove everything that was installed or built here
	rm -rf .venv .tools .run dist node_modules libs/web-client/dist $(dir $(PAGE)) .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: $(UV) ## write requirements.lock anew, keeping standing pins (ARGS=--upgrade for newer ones)
	$(LOCK) $(ARGS) -o requirements.lock

generate: $(VENV) ## write the generated schemas, types and tables of the documentation anew
	$(BIN)/python -m autodmca_events.generate
	$(BIN)/python -m docs.generate
	$(BIN)/python -m deploy.generate
	$(BIN)/python -m deploy.records --accept

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

$(WEB): $(NODE) $(shell find libs/web-client/src libs/events/generated -name '*.ts*') libs/web-client/tsup.config.ts
	@npm run --silent build -w libs/web-client -- --silent
	@touch $@

$(PAGE): $(WEB) $(shell find services/console/web -type f) services/console/vite.config.ts
	@npm run --silent build -w services/console
	@touch $@

$(NODE): package-lock.json package.json libs/web-client/package.json services/console/package.json \
		libs/web-client/react-18/package-lock.json .npmrc
	@deploy/local/system-packages node
	npm ci --no-progress
	npm ci --no-progress --prefix libs/web-client/react-18
	@touch $@
