"""The published packages: wheel and sdist, in an otherwise empty Airflow; and the quick start, word by word."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from local import ROOT, started, wait_for

QUICKSTART = (ROOT / "docs" / "quickstart.md").read_text()
COMMANDS = re.findall(r"```bash\n(.*?)```", QUICKSTART, re.DOTALL)
CONSTRAINT = ["--constraint", str(ROOT / "constraints.txt")]


class Packages(NamedTuple):
    """Where the wheel and the sdist are."""

    wheel: Path
    sdist: Path


class Bare(NamedTuple):
    """An environment as the quick start makes it, with the wheel."""

    home: Path

    def shell(self, script: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Run commands of the quick start as a person does, in a shell in which all before has been done."""
        clean = {
            name: os.environ[name] for name in os.environ if not name.startswith(("AIRFLOW", "PYTHON", "COVERAGE"))
        }
        environment = {**clean, "HOME": str(self.home), "PATH": f"{self.home}/dinero/bin:{os.environ['PATH']}"}
        return subprocess.run(
            ["bash", "-euc", script],
            env=environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=seconds,
        )


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", folder, ROOT], check=True, capture_output=True)
    return Packages(next(folder.glob("*.whl")), next(folder.glob("*.tar.gz")))


@pytest.fixture(scope="session")
def bare(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """Installed as the quick start says, from the wheel in place of the clone."""
    home = tmp_path_factory.mktemp("home")
    bare = Bare(home)
    make, activate, install = COMMANDS[0].strip().splitlines()
    assert install == "pip install '/path/to/clone[sandbox]'"
    pip = f"pip install --quiet {' '.join(CONSTRAINT)} '{packages.wheel}[sandbox]'"
    done = bare.shell(f"{make}\n{activate}\n{pip}", seconds=600)
    assert done.returncode == 0, done.stderr
    return bare


@pytest.fixture(scope="session")
def served(bare: Bare) -> Iterator[None]:
    """The sandbox of the second step."""
    activate, serve = COMMANDS[1].strip().splitlines()
    assert (activate, serve) == ("source ~/dinero/bin/activate", "dinero-sandbox serve")
    log = bare.home / "sandbox.log"
    with started([str(bare.home / "dinero/bin/dinero-sandbox"), "serve"], log, {}) as process:
        wait_for(lambda: "sandbox: http://127.0.0.1:8765" in log.read_text(), process, log)  # not if the port is taken
        yield


def test_the_wheel_has_the_package_and_no_more(packages: Packages) -> None:
    with zipfile.ZipFile(packages.wheel) as wheel:
        names = wheel.namelist()
        metadata = wheel.read(next(name for name in names if name.endswith("METADATA"))).decode()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"airflow_provider_dinero"}
    assert "airflow_provider_dinero/py.typed" in names
    assert "airflow_provider_dinero/api/openapi.json" in names
    assert "airflow_provider_dinero/ui/templates/connections.html" in names
    assert "airflow_provider_dinero/sandbox/templates/overview.html" in names
    for classifier in ("Framework :: Apache Airflow", "Framework :: Apache Airflow :: Provider", "Typing :: Typed"):
        assert f"Classifier: {classifier}\n" in metadata


def test_the_sdist_builds_the_same_wheel(packages: Packages, tmp_path: Path) -> None:
    with tarfile.open(packages.sdist) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    assert {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "example_dags", "docs"} <= {
        each.name for each in folder.iterdir()
    }
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path / "again", folder]
    subprocess.run(command, check=True, capture_output=True)
    with zipfile.ZipFile(packages.wheel) as first, zipfile.ZipFile(next((tmp_path / "again").glob("*.whl"))) as again:
        assert {each.filename: each.CRC for each in first.infolist()} == {
            each.filename: each.CRC for each in again.infolist()
        }


def test_what_an_index_shows_of_them_is_right(packages: Packages) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, packages)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_bare_airflow_finds_the_provider(bare: Bare) -> None:
    done = bare.shell("airflow providers get airflow-provider-dinero --full --output json")
    assert done.returncode == 0, done.stderr
    assert "Bookkeeping with Dinero, the Danish accounting system: each step exactly once" in done.stdout
    hooks = bare.shell("airflow providers hooks --output plain").stdout
    listed = r"^dinero +airflow_provider_dinero\.hooks\.dinero\.DineroHook .* Dinero *$"
    assert re.search(listed, hooks, re.MULTILINE), hooks
    assert "dinero" in bare.shell("airflow --help").stdout
    broken = bare.shell("airflow plugins --output json")
    assert "dinero" in broken.stdout, broken.stderr


@pytest.mark.usefixtures("served")
def test_the_quick_start_from_the_first_dag_to_the_second_run(bare: Bare) -> None:
    settings, migrate, again = COMMANDS[2], COMMANDS[3], COMMANDS[4]
    dag = re.findall(r"```python\n(.*?)```", QUICKSTART, re.DOTALL)[0]
    made = bare.shell(settings)
    assert made.returncode == 0, made.stderr
    (bare.home / "dinero/airflow/dags/first_invoice.py").write_text(dag)
    first = bare.shell(f"{settings}\n{migrate}")
    told = re.findall(r"```text\n(.*?)\n```", QUICKSTART, re.DOTALL)[0]
    assert first.returncode == 0, first.stderr[-3000:]
    assert told.splitlines() == [line for line in told.splitlines() if line in first.stdout + first.stderr]
    second = bare.shell(f"{settings}\n{again}")
    assert second.returncode == 0, second.stderr[-3000:]
    asked = "curl -s -H 'X-Dinero-Sandbox: 1' http://127.0.0.1:8765/_sandbox/outbox"
    count = bare.shell(asked).stdout.count('"channel":"email"')
    assert count == 1
    file = bare.home / "dinero/airflow/dags/first_invoice.py"
    file.write_text(file.read_text().replace('"80.00"', '"90.00"'))
    third = bare.shell(f"{settings}\n{again}")
    assert "BaseAmountValue" in third.stdout + third.stderr
    assert "90" in third.stdout + third.stderr
