# make demo    sets everything up and runs the main job on the bundled example; no Azure account
# make test    sets everything up and runs all tests
# make bench   prints timings as ratios against a baseline of the same run
# make lint    style and types
# make azdev   what Azure's own extensions have to pass: azdev's linter, flake8, pylint
# make compat  today's tool over the files of the first release: which exit codes and rows changed
# make pages DOCS=folder   what the pages that the catalog cites name today; work trees of their repositories in folder
# make fuzz    the campaigns of broken input for minutes (FUZZ=seconds SEED=first)
# make feed    docs/catalog-changes.json and HISTORY's part about the catalog, from the data
# make pictures   docs/*.png: what the demo's pages look like in Chromium
# make tools   (as root) installs the system tools that some tests use

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
VERSION := $(shell sed -n 's/.*"version": *"\(.*\)".*/\1/p' azext_amlnet/azext_metadata.json)
WHEEL := build/wheelhouse/amlnet-$(VERSION)-py3-none-any.whl
SOURCES := setup.py README.md $(shell find azext_amlnet -type f -not -name '*.pyc')
# az's own configuration and extensions stay untouched: everything lives under build/.
DEMO := build/demo
# From a folder of its own, because az looks for packages in the current one first; and through a proxy that nobody
# answers at, because nothing in the demo needs a network.
AZ := cd $(DEMO) && AZURE_CONFIG_DIR=config AZURE_EXTENSION_DIR=extensions AZURE_CORE_COLLECT_TELEMETRY=no \
	HTTPS_PROXY=http://127.0.0.1:9 HTTP_PROXY=http://127.0.0.1:9 ../../$(BIN)/python -Im azure.cli

.PHONY: setup wheel demo test lint azdev compat pages feed pictures fuzz bench tools clean

setup: $(READY) $(WHEEL)

$(READY): requirements-dev.txt constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	touch $@

wheel: $(WHEEL)

# The wheel, and beside it all that it requires: a wheelhouse, from which az can install without an index. Wheels of
# pure Python only, because the az that installs them may bring another Python or run on another system.
$(WHEEL): $(SOURCES) | $(READY)
	rm -rf build/wheelhouse build/lib build/bdist.*
	$(BIN)/python setup.py --quiet bdist_wheel --dist-dir build/wheelhouse
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --dest build/wheelhouse -c constraints.txt \
		--only-binary=:all: --platform any --implementation py --abi none --python-version 3.10 $@

$(DEMO)/.ready: $(WHEEL)
	rm -rf $(DEMO) && mkdir -p $(DEMO)
	export PIP_NO_INDEX=1 PIP_FIND_LINKS=../wheelhouse PIP_CONFIG_FILE=/dev/null; \
	$(AZ) extension add --source ../../$(WHEEL) --yes --only-show-errors
	touch $@

demo: $(DEMO)/.ready
	@echo
	@echo '$$ az ml network requirements --workspace-file examples/workspace.json -o table'
	@$(AZ) ml network requirements --workspace-file ../../examples/workspace.json -o table
	@echo
	@echo "$$ az ml network requirements --workspace-file examples/workspace.json --query '[0]'"
	@$(AZ) ml network requirements --workspace-file ../../examples/workspace.json --query '[0]'
	@echo
	@echo '$$ az ml network test --workspace-file examples/workspace.json --results-file examples/results.txt -o table'
	@$(AZ) ml network test --workspace-file ../../examples/workspace.json \
		--results-file ../../examples/results.txt --report-file report.html -o table || test $$? = 8
	@echo
	@echo "The recorded run above fails as it should (exit code 8). Its page: $(DEMO)/report.html"
	@echo
	@echo '$$ az ml network check-policy --workspace-file examples/workspace.json --policy examples/firewall-policy.json \'
	@echo '    --source 10.1.0.0/16 --level required -o table'
	@$(AZ) ml network check-policy --workspace-file ../../examples/workspace.json \
		--policy ../../examples/firewall-policy.json --source 10.1.0.0/16 --level required -o table \
		--report-file policy.html || test $$? = 8
	@echo
	@echo "This policy lacks an endpoint and denies another (exit code 8). Its page: $(DEMO)/policy.html"

# As a person at a desk sees them; each at most 150 kB, which a test holds.
pictures: demo
	for name in report policy; do chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
		--user-data-dir=build/chromium --window-size=1000,1040 --screenshot=docs/$$name.png \
		file://$(CURDIR)/$(DEMO)/$$name.html; done

# Heavy programs that load what export writes, in an environment of their own: Envoy, Azure ML's own schemas.
CONSUMERS := build/consumers/.ready
$(CONSUMERS): requirements-consumers.txt constraints-consumers.txt
	$(PYTHON) -m venv --clear build/consumers/venv
	build/consumers/venv/bin/python -m pip install --quiet --disable-pip-version-check \
		-r requirements-consumers.txt -c constraints-consumers.txt
	touch $@

# PYTEST_ARGS chooses tests, e.g. make test PYTEST_ARGS='tests/test_expand.py -k replica'
test: setup $(CONSUMERS)
	$(BIN)/python -m pytest -n auto --dist loadgroup $(PYTEST_ARGS)

lint: $(READY)
	$(BIN)/ruff check --output-format concise .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# azdev wants other versions than the tests do, so it has an environment of its own.
AZDEV := build/azdev/.ready
$(AZDEV): requirements-azdev.txt constraints-azdev.txt
	$(PYTHON) -m venv --clear build/azdev/venv
	build/azdev/venv/bin/python -m pip install --quiet --disable-pip-version-check \
		-r requirements-azdev.txt -c constraints-azdev.txt
	touch $@

azdev: $(AZDEV)
	$(PYTHON) tools/azdev.py

compat: $(DEMO)/.ready
	$(BIN)/python -m tools.compat

DOCS ?= $(error make pages needs DOCS=, a folder with work trees of the documentation repositories)
pages: $(READY)
	$(BIN)/python -m tools.pages "$(DOCS)"

feed: $(READY)
	$(BIN)/python -m tools.feed

# FUZZ is for how many seconds, SEED where to begin.
FUZZ ?= 300
SEED ?= 1000
fuzz: setup
	$(BIN)/python -m tests.fuzzing $(FUZZ) $(SEED)

bench: setup
	$(BIN)/python -m benchmarks

# System tools that some tests use; a test whose tool is missing skips and names this command.
TOOLS := chromium curl haproxy iproute2 libnginx-mod-stream nftables nginx prometheus-blackbox-exporter
TOOLS += libpacparser1 prometheus squid-openssl
# kubectl, where there is none.
TOOLS += $(if $(shell command -v kubectl),,kubernetes-client)
# node with npm, likewise, for Kusto's own language service, which reads the queries to Log Analytics.
TOOLS += $(if $(shell command -v npm),,nodejs npm)
KUSTO := @kusto/language-service-next@12.4.1
# RUNLEVEL=1 keeps the services among them from being started.
tools:
	apt-get update --quiet
	RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends $(TOOLS)
	npm install --global --silent --no-audit --no-fund $(KUSTO)

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache
