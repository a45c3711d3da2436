# `make demo` and `make test` do all from a fresh clone with Python 3.11 and make; `make help` lists the rest.
PYTHON ?= python3.11
MONTH ?= 2007-02
SLACK ?= 1
SHARE ?= 1
TESTS ?= tests
# More processes than processors: half of them wait for the running Airflow, others for locks. A part of the tests has one.
JOBS ?= $(if $(filter tests,$(TESTS)),8,0)
BIN := .venv/bin
# Each task of Airflow is a process of its own: without bytecode on the disk each compiles all modules anew.
unexport PYTHONDONTWRITEBYTECODE
# What the shell sets for other programs. A connection among these variables would lead the demo to real books.
unexport PYTHONPATH $(filter AIRFLOW_%,$(.VARIABLES))
# The servers on this machine aren't reached through a proxy.
export no_proxy := $(or $(no_proxy),$(NO_PROXY)),127.0.0.1,localhost
export NO_PROXY := $(no_proxy)
# Installs in less than half of pip's time. It doesn't read pip's settings, so it is given pip's index. It is also given
# the environment, since it would prefer an activated one.
INDEX = $(or $(PIP_INDEX_URL),$(shell $(PYTHON) -m pip config get global.index-url 2>/dev/null))
UV = $(if $(INDEX),UV_DEFAULT_INDEX='$(INDEX)') $(BIN)/uv --quiet pip
# With --jobs 2, those with an Airflow of their own begin beside the one that mostly waits. CI runs a quarter each day.
FAULTS_0 := watcher_killed budget attack
FAULTS_1 := airflow_tasks rotation hosts mirror_killed
FAULTS_2 := lists killed hostile
FAULTS_3 := crash unstored mirror mirror_started
FAULTS := $(FAULTS_0) $(FAULTS_1) $(FAULTS_2) $(FAULTS_3)

EDGES := lowest newest
# Each dependency has a test among these: HTTP and OAuth, bodies and amounts, the database, Redis, Parquet, PDF, forms.
EDGE_TESTS ?= tests/api/test_bodies.py tests/api/test_consent.py tests/api/test_credentials.py tests/api/test_response_validation.py \
	tests/consent/test_check.py tests/consent/test_flow.py tests/coordination/test_odd_redis.py \
	tests/transfers/test_formats.py tests/transfers/test_sql.py \
	tests/sandbox/test_connect.py tests/sandbox/test_files.py tests/sandbox/test_mail.py tests/sandbox/test_people.py \
	tests/ui/test_page.py tests/airflow/test_shop_orders.py

.PHONY: help demo ui test dist-test servers servers-test snowflake-test cluster cluster-test toggl faults faults-in-turn nightly lint format models pages docs screenshots
.PHONY: bench bench-times bench-requests stores-test installs-test bench-changes bench-lists bench-mirror bench-stores clean audit $(EDGES) $(FAULTS:%=fault-%)

help:  ## this list
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## /\1\t/p' Makefile | sort | while IFS="$$(printf '\t')" read -r name text; do \
		printf '%-14s %s\n' "$$name" "$$text"; done

demo: .venv/.installed  ## the main job on a real Airflow and a sandbox of Dinero
	$(BIN)/python scripts/demo.py --month $(MONTH)

ui: .venv/.installed  ## the demo, with all examples, until Ctrl-C
	$(BIN)/python scripts/demo.py --month $(MONTH) --stay

test: .venv/.installed-dev  ## the tests, on the sandbox and a real Airflow; TESTS=tests/api runs a part
	@echo '$(if $(filter tests,$(TESTS)),All tests: five to ten minutes on two processors.,$(TESTS): a file of tests/api takes seconds, one of tests/airflow a minute or more.)'
	$(BIN)/python -m pytest --numprocesses $(JOBS) --durations 10 $(TESTS)

dist-test: .venv/.installed-dist  ## wheel and sdist, in an Airflow that has nothing else; the quick start, word by word
	$(BIN)/python -m pytest tests/dist

nightly: .nightly/.installed  ## the tests on the newest pre-release of Airflow
	.nightly/bin/airflow version
	.nightly/bin/python -m pytest -W default --numprocesses $(JOBS) $(TESTS)

lowest: .lowest/.installed  ## the tests that touch dependencies, with the oldest versions that pyproject.toml allows
newest: .newest/.installed  ## the tests that touch dependencies, with the newest versions that pyproject.toml allows
$(EDGES):
	.$@/bin/python -m pytest -W default --numprocesses $(JOBS) $(EDGE_TESTS)

servers: cluster-test servers-test snowflake-test stores-test installs-test  ## what needs other servers: a cluster, databases, storages

servers-test: .venv/.installed-dev .venv/.installed-servers  ## mirrors in Postgres, also behind pgbouncer, and MariaDB
	$(BIN)/python -m pytest $(SERVERS_OPTIONS) tests/servers --ignore tests/servers/stores

stores-test: .stores/.installed  ## archive and files in S3 (moto), Azure (Azurite), GCS (an emulator) and OpenSSH
	.stores/bin/python -m pytest -W default $(STORES_OPTIONS) tests/servers/stores

installs-test: .venv/.installed-dev  ## storages' extras, and Snowflake, beside their constraints; STORAGE=sftp alone
	$(BIN)/python -m tests.servers.installs $(STORAGE)

snowflake-test: .snowflake/.installed  ## mirrors with Snowflake's hook and dialect, on fakesnow
	.snowflake/bin/python -m tests.servers.snowflake

cluster: .venv/.installed-cluster  ## Airflow as on several machines (CeleryExecutor, Postgres, Redis), until Ctrl-C
	$(BIN)/python scripts/cluster.py

cluster-test: .venv/.installed-dev .venv/.installed-cluster  ## what must hold there
	$(BIN)/python -m pytest tests/cluster

toggl: .venv/.installed .toggl/.installed  ## a client that others wrote, against the sandbox
	$(BIN)/python tests/foreign/run.py .toggl/bin/python tests/foreign/toggl.py

faults: $(FAULTS:%=fault-%)  ## what happens when processes are killed and answers are lost; SHARE=0.05 of the rounds

faults-in-turn: $(FAULTS_$(shell echo $$(($$(date +%s) / 86400 % 4))):%=fault-%)  ## the quarter that CI runs today

fault-mirror_killed fault-mirror_started: .venv/.installed-servers
$(FAULTS:%=fault-%): fault-%: .venv/.installed-dev
	PYTHONPATH=scripts $(BIN)/python -m tests.faults.$* $(SHARE)

lint: .venv/.installed-dev
	$(BIN)/ruff check --preview .
	$(BIN)/ruff format --preview --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python scripts/make_models.py --check
	$(BIN)/python scripts/make_docs.py --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

format: .venv/.installed-dev
	$(BIN)/ruff check --preview --fix .
	$(BIN)/ruff format --preview .

models: .venv/.installed-dev  ## the bodies' models, from openapi.json
	$(BIN)/python scripts/make_models.py

pages: .venv/.installed-dev  ## the pages of docs/ that are made from the code
	$(BIN)/python scripts/make_docs.py

docs: pages  ## build the docs, and print where they are
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo 'The docs: file://$(CURDIR)/.airflow/site/index.html'
	@echo 'With a search: $(BIN)/python -m http.server --bind 127.0.0.1 --directory .airflow/site'

screenshots: .venv/.installed-dev  ## the pictures of the docs, of a real Airflow; needs Debian's chromium
	$(BIN)/python scripts/screenshots.py

audit: .venv/.installed-dev  ## pinned versions that have known vulnerabilities; PyPI's data has to be reached
	$(BIN)/python scripts/audit.py

bench: bench-times bench-requests  ## what it costs, beside a peer; SLACK=2 on a machine that does other things too

bench-times: .venv/.installed-dev  ## the part of it that measures time
	$(BIN)/python benchmarks/imports.py $(SLACK)
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/pull.py $(SLACK)
	$(BIN)/python benchmarks/sandbox_lists.py $(SLACK)

bench-requests: .venv/.installed-dev  ## the part of it that counts requests
	$(BIN)/python benchmarks/lists.py

bench-changes: .venv/.installed-dev  ## the same for what follows changes, at its size: ten minutes
	PYTHONPATH=scripts:. $(BIN)/python benchmarks/sync.py
	PYTHONPATH=scripts $(BIN)/python benchmarks/waiting.py

bench-lists: .venv/.installed-dev  ## lists of orders: requests, kills, the memory of 20,000, 30 bad ones among 3,000
	$(BIN)/python benchmarks/lists.py
	$(BIN)/python benchmarks/lists_large.py

bench-stores: .stores/.installed  ## archives of 5,000 documents in S3, Azure and SFTP: requests and memory
	PYTHONPATH=scripts:. .stores/bin/python benchmarks/archives.py

bench-mirror: .venv/.installed-servers .dlt/.installed  ## a mirror beside COPY, dlt and BEFORE=REVISION of this clone
	PYTHONPATH=scripts:. $(BIN)/python benchmarks/mirror.py .dlt/bin/python $(BEFORE)

clean:
	rm -rf .venv .nightly .toggl .stores .azurite $(EDGES:%=.%) .snowflake .dlt .airflow dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.venv/.installed: pyproject.toml constraints.txt
	@echo 'Installing Airflow and the provider into .venv. The first time, this takes several minutes.'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt uv
	$(UV) install --python $(BIN)/python --compile-bytecode --constraint constraints.txt --editable '.[sandbox,sql]' apache-airflow-providers-sqlite
	touch $@

.venv/.installed-dev: .venv/.installed
	$(UV) install --python $(BIN)/python --compile-bytecode --constraint constraints.txt --group dev
	touch $@

.venv/.installed-dist: .venv/.installed-dev
	$(UV) install --python $(BIN)/python --constraint constraints.txt --group dist
	touch $@

.nightly/.installed: .venv/.installed
	$(PYTHON) -m venv .nightly
	$(UV) install --python .nightly/bin/python \
		'apache-airflow>=3.4.0b2,<4' 'apache-airflow-core>=3.4.0b2' 'apache-airflow-task-sdk>=1.4.0b2' \
		--editable '.[sandbox]' --group dev
	touch $@

.lowest/.installed: RESOLUTION := lowest-direct
.newest/.installed: RESOLUTION := highest
$(EDGES:%=.%/.installed): .%/.installed: .venv/.installed
	$(PYTHON) -m venv .$*
	$(UV) compile --python .$*/bin/python --resolution $(RESOLUTION) --all-extras --output-file .$*/resolved.txt pyproject.toml
	$(UV) install --python .$*/bin/python --constraint .$*/resolved.txt --editable '.[parquet,redis,sandbox,sql]' --group edges
	touch $@
.venv/.installed-servers: .venv/.installed-dev
	$(UV) install --python $(BIN)/python --constraint constraints.txt --group servers
	touch $@

# Azurite needs node.
.stores/.installed: .venv/.installed-dev .azurite/.installed
	$(PYTHON) -m venv .stores
	$(UV) install --python .stores/bin/python --constraint constraints.txt \
		--editable '.[azure,gcs,parquet,redis,s3,sandbox,sftp,sql]' --group stores
	touch $@

.azurite/.installed:
	npm install --silent --no-audit --no-fund --prefix .azurite azurite@3.37.0
	touch $@

# Its dialect wants an older SQLAlchemy: it has constraints of its own.
.snowflake/.installed: .venv/.installed constraints-snowflake.txt
	$(PYTHON) -m venv .snowflake
	$(UV) install --python .snowflake/bin/python --constraint constraints-snowflake.txt --editable '.[sql]' \
		apache-airflow-providers-snowflake fakesnow pytest
	touch $@

.dlt/.installed: .venv/.installed
	$(PYTHON) -m venv .dlt
	$(UV) install --python .dlt/bin/python 'dlt[postgres]==1.31.*'
	touch $@

.venv/.installed-cluster: .venv/.installed
	$(UV) install --python $(BIN)/python --constraint constraints.txt --editable '.[redis]' --group cluster
	touch $@

.toggl/.installed: .venv/.installed tests/foreign/requirements.txt
	$(PYTHON) -m venv .toggl
	$(UV) install --python .toggl/bin/python --requirement tests/foreign/requirements.txt
	touch $@
