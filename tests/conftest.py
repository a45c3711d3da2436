"""A fresh sandbox for each test that needs one, and the distribution of tests to processes."""

import fcntl
import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from airflow_provider_dinero.api import DineroClient, PersonalIntegration, ports
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget
from airflow_provider_dinero.sandbox.server import running

# The shell's variables are for another Airflow. A connection among them would lead the tests to real books.
for name in [each for each in os.environ if each.startswith("AIRFLOW_")]:
    del os.environ[name]
# Importing Airflow makes a folder: in the clone, and not in the home of whoever runs the tests.
# Each process has its own, and each version of Airflow (`make nightly`): a database knows no way back.
HOMES = Path(__file__).parent.parent / ".airflow"
VERSION = f"tests{Path(sys.prefix).name}"
os.environ["AIRFLOW_HOME"] = str(HOMES / f"{VERSION}{os.environ.get('PYTEST_XDIST_WORKER', '')}")
# Without an airflow.cfg, this process and the commands that it starts would each create their own key.
os.environ["AIRFLOW__CORE__FERNET_KEY"] = Fernet.generate_key().decode()

# What waits for a running Airflow comes first, each line in a process of its own; then what runs much of Airflow in
# its own process; then the rest, file by file.
TOGETHER = (
    (
        "tests/airflow/test_deferral.py",
        "tests/airflow/test_watched.py",
        "tests/airflow/test_deploys.py",
        "tests/airflow/test_backfill.py",
    ),
    ("tests/airflow/test_shop_orders.py", "tests/airflow/test_examples.py", "tests/airflow/test_approval.py"),
    (
        "tests/ui/",
        "tests/airflow/test_form.py",
        "tests/airflow/test_killed.py",
        "tests/airflow/test_books.py",
        "tests/airflow/test_approvals.py",
    ),
    ("tests/airflow/",),
)
FIRST = (
    "tests/operators/",
    "tests/sensors/",
    "tests/transfers/",
    "tests/docs/",
    "tests/coordination/",
    "tests/consent/",
)


def place(nodeid: str) -> tuple[int, str]:
    """The position of a test in the order, and which tests share its process."""
    for number, group in enumerate(TOGETHER):
        if nodeid.startswith(group):
            return number, group[0]
    file = nodeid.partition("::")[0]
    return len(TOGETHER) + (not file.startswith(FIRST)), file


# Airflow holds a million objects, and the garbage collector looks through all of them again and again.
gc.set_threshold(100_000, 50, 100)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    pytest_collection_finish()  # pytest collects garbage five times after it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give tests that belong together to one process, in the order of `place`."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return place(nodeid)[1]

    config.option.loadscopereorder = False
    return Scheduling(config, log)


class SharedDeployment:
    """Begins the Airflow that all processes share while they collect their tests, and ends it after its last test."""

    def __init__(self) -> None:
        from tests import deployment  # test processes that import this file have no path to its dependencies

        self._deployment = deployment
        self._folder = Path(tempfile.mkdtemp(prefix="dinero-tests-"))
        os.environ["DINERO_TESTS_DEPLOYMENT"] = str(self._folder)
        self._process = deployment.begin(self._folder)
        self._left: set[str] = set()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self._left = {each for each in ids if each.startswith("tests/airflow/")}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown" and report.nodeid in self._left:
            self._left.remove(report.nodeid)
            if not self._left:  # an Airflow that does nothing takes an eighth of a processor
                self._deployment.stop(self._process)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if finds := self._deployment.end(self._process, self._folder):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            sys.stderr.write(f"\nThe deployment of tests/airflow leaves secrets behind, or failed:\n{finds}\n")
        shutil.rmtree(self._folder, ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    wanted = [Path(each.partition("::")[0]).resolve() for each in config.args]
    airflow = Path(__file__).parent / "airflow"
    if config.getoption("numprocesses", None) and any(airflow.is_relative_to(each) for each in wanted):
        config.pluginmanager.register(SharedDeployment())


def migrate(home: Path) -> None:
    """Give an AIRFLOW_HOME a metadata database, copied from one that is made once for all processes."""
    from airflow import __version__

    template = HOMES / f"migrated-{__version__}.db"
    HOMES.mkdir(exist_ok=True)
    with (HOMES / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            made = template.with_suffix(".new")
            made.unlink(missing_ok=True)
            environment = {**os.environ, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{made}"}
            command = [str(Path(sys.executable).parent / "airflow"), "db", "migrate"]
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            made.rename(template)
    home.mkdir(parents=True, exist_ok=True)
    for left in home.glob("airflow.db*"):  # a journal of tests that were killed would be played back into the copy
        left.unlink()
    shutil.copy(template, home / "airflow.db")


@pytest.fixture(autouse=True)
def alone() -> None:
    """Earlier tests have used up no allowance, and Airflow doesn't search all output for their secrets."""
    ports.BUDGET.__init__()  # type: ignore[misc]
    for used in Path(os.environ["AIRFLOW_HOME"]).glob("dinero/*.slots"):
        used.unlink()
    for name in ("airflow._shared.secrets_masker", "airflow.sdk._shared.secrets_masker"):
        if name in sys.modules:
            sys.modules[name].reset_secrets_masker()


@pytest.fixture(scope="session")
def migrated() -> None:
    """A metadata database in the AIRFLOW_HOME of the tests, of which nothing is kept: it waits for no disk."""
    from sqlalchemy import Engine, event

    migrate(Path(os.environ["AIRFLOW_HOME"]))

    @event.listens_for(Engine, "connect")
    def hurry(connection: Any, _: Any) -> None:
        if type(connection).__module__.startswith("sqlite3"):
            connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Any]:
    with running() as box:
        yield box


@pytest.fixture(scope="session")
def unlimited_sandbox() -> Iterator[Any]:
    with running(requests_per_minute=10_000) as box:
        yield box


@pytest.fixture
def sandbox(running_sandbox: Any) -> Any:
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def make_client(sandbox: Any) -> Iterator[Any]:
    """Create clients of the sandbox's personal integration, each with its own store and budget."""
    made = []

    def make(
        organization_id: int | str | None = 100001, *, secret: str = "sandbox-secret", **options: Any
    ) -> DineroClient:
        options = {"token_store": MemoryTokenStore(), "budget": ProcessBudget(), "base_url": sandbox.url, **options}
        grant = PersonalIntegration("personal-sandbox", secret, "sandbox-api-key", sandbox.url)
        made.append(DineroClient(organization_id, options.pop("grant", grant), **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: Any) -> DineroClient:
    return make_client()


def as_another_worker(client: DineroClient, **changes: Any) -> DineroClient:
    """A client as in another worker: with its own notes or lock."""
    made = object.__new__(DineroClient)
    shared = {name: vars(client)[name] for name in ("grant", "tokens", "endpoint")}
    vars(made).update(shared, session=replace(client.session, **changes))
    return made


CONTACT = {"Name": "Bjørn Hansen", "CountryKey": "NO", "IsPerson": True, "ExternalReference": "c-4"}


@pytest.fixture
def contact(client: DineroClient) -> str:
    """The Guid of a contact with an e-mail address."""
    return client.contacts.create({**CONTACT, "Email": "bjorn@example.no"})["ContactGuid"]


def line(**changes: Any) -> dict[str, Any]:
    """An invoice line of 100 DKK without VAT."""
    return {
        "Description": "Plader",
        "BaseAmountValue": "100",
        "Quantity": 1,
        "AccountNumber": 1000,
        "Unit": "parts",
        **changes,
    }
