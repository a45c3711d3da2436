"""A mirror of 100,000 and 400,000 invoices: ours, a plain loop with COPY, dlt, and an older build, in one run.

    PYTHONPATH=scripts:. python benchmarks/mirror.py PYTHON_OF_DLT [REVISION of the older build]

`server.py` serves pages that were made beforehand. Postgres by psycopg 3, as PostgresHook takes it; SQLite and MariaDB
beside the older build alone. Each run is a process of its own; medians of three, in turns; the older build runs once.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from local import ROOT
from services import mariadb, postgres

HERE = Path(__file__).parent
ROUNDS = 3
FEW, MANY, CHANGED = 100_000, 400_000, 10_000
CHANGES = "#changes"


@contextmanager
def serving(rows: int) -> Generator[str]:
    """Run the server, and yield its address."""
    command = [sys.executable, str(HERE / "server.py"), str(rows), "0", str(CHANGED)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.kill()


class Bench:
    """Runs each way in a process of its own.

    :param folder: Path, for their data
    :param dlt: str, the Python with dlt
    :param before: Path or None, the older build
    """

    def __init__(self, folder: Path, dlt: str, before: Path | None) -> None:
        self._folder = folder
        self._dlt = dlt
        self._before = before

    def run(self, way: str, url: str, database: str) -> dict[str, float]:
        """Return the seconds and the peak memory of one run.

        :param way: str, as `mirror_child.py` names it
        :param url: str, of the server
        :param database: str, the address of the database, or the path of one of SQLite
        """
        environment = {
            **os.environ,
            "AIRFLOW_HOME": str(self._folder / "airflow"),
            "AIRFLOW_CONN_WAREHOUSE": database.replace("postgresql://", "postgres://"),
            "PYTHONPATH": str(self._before if way == "before" else ROOT),
            "DLT_DATA_DIR": str(self._folder / "dlt"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }
        python = self._dlt if way == "dlt" else sys.executable
        command = [python, str(HERE / "mirror_child.py"), way, url, database]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=self._folder)
        if done.returncode:
            sys.exit(f"{way}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        print(f"  {way:8} {found['seconds']:7.2f} s, peak {found['peak']:.0f} MiB", flush=True)
        return found

    def empty(self, address: str) -> None:
        """Empty a Postgres, and delete dlt's state for it.

        :param address: str
        """
        import psycopg

        shutil.rmtree(self._folder / "dlt", ignore_errors=True)
        with psycopg.connect(address) as connection:
            connection.execute("DROP TABLE IF EXISTS invoices, dinero_marks")
            connection.execute("DROP SCHEMA IF EXISTS books CASCADE")
            connection.execute("DROP SCHEMA IF EXISTS books_staging CASCADE")

    def seconds(self, way: str, url: str, database: str) -> float:
        """Return the seconds of one run."""
        return self.run(way, url, database)["seconds"]


def in_postgres(bench: Bench, address: str) -> None:
    """Load and change in Postgres, and print the ratios."""
    loads: dict[tuple[str, int], float] = {}
    peaks, changes = {}, {}
    for rows in (FEW, MANY):
        print(f"Postgres, {rows:,} rows", flush=True)
        with serving(rows) as url:
            ways = ("plain", "ours", "dlt") if rows == FEW else ("plain", "ours")
            taken: dict[str, list[float]] = {way: [] for way in ways}
            for _ in range(ROUNDS):
                for way in ways:
                    bench.empty(address)
                    found = bench.run(way, url, address)
                    taken[way].append(found["seconds"])
                    peaks[way, rows] = found["peak"]
            loads |= {(way, rows): statistics.median(each) for way, each in taken.items()}
            if rows == MANY:
                print(f"{CHANGED:,} changed rows into {rows:,}", flush=True)
                changes["ours"] = statistics.median(bench.seconds("ours", url, address) for _ in range(ROUNDS))
                bench.empty(address)
                bench.run("dlt", url, address)
                changes["dlt"] = statistics.median(bench.seconds("dlt", url, address + CHANGES) for _ in range(ROUNDS))
    line("first load over the plain loop", loads["ours", FEW] / loads["plain", FEW], 2.0)
    line("first load over dlt", loads["ours", FEW] / loads["dlt", FEW], 0.3)
    growth = loads["ours", MANY] / loads["ours", FEW], loads["plain", MANY] / loads["plain", FEW]
    line("its growth to four times the rows over the plain loop's", growth[0] / growth[1], 1.15)
    line("changed rows over dlt", changes["ours"] / changes["dlt"], 0.5)
    line("peak memory, 400,000 rows over 100,000", peaks["ours", MANY] / peaks["ours", FEW], 1.1)


def beside_before(bench: Bench, name: str, databases: list[str], at_most: float) -> None:
    """Load 100,000 rows with ours into empty databases, and once with the older build into the last of them."""
    print(f"{name}, {FEW:,} rows", flush=True)
    with serving(FEW) as url:
        ours = statistics.median(bench.seconds("ours", url, each) for each in databases[:-1])
        before = bench.seconds("before", url, databases[-1])
    line(f"{name}: first load over the older build", ours / before, at_most)


def line(name: str, ratio: float, at_most: float) -> None:
    """Print a ratio."""
    print(f"{name:60} {ratio:.3f}, at most {at_most}{'' if ratio <= at_most else '  MISSED'}", flush=True)


def older(revision: str, folder: Path) -> Path:
    """Unpack an older build."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder


def main() -> None:
    """Run all."""
    dlt, revision = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        before = older(revision, folder / "before") if revision else None
        bench = Bench(folder, str(Path(dlt).absolute()), before)
        address = f"postgresql://{stack.enter_context(postgres(folder))}"
        in_postgres(bench, address)
        if not before:
            return
        names = [f"books{number}" for number in range(ROUNDS + 1)]
        server = stack.enter_context(mariadb(folder)).rpartition("/")[0]
        port = server.rpartition(":")[2]
        for each in names:
            subprocess.run(
                ["mariadb", "-h127.0.0.1", f"-P{port}", "-uroot", "-e", f"CREATE DATABASE {each}"], check=True
            )
            subprocess.run(["psql", "--quiet", address, "--command", f"CREATE DATABASE {each}"], check=True)
        beside_before(bench, "MariaDB", [f"mysql://{server}/{each}" for each in names], 0.4)
        beside_before(bench, "SQLite", [f"sqlite:///{folder}/{each}.db" for each in names], 0.4)
        beside_before(bench, "Postgres", [f"{address.rpartition('/')[0]}/{each}" for each in names], 1 / 60)


if __name__ == "__main__":
    main()
