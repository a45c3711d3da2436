"""What it costs to check an archive of 5,000 invoices on S3, Azure and SFTP, and to add one: `make bench-stores`.

    PYTHONPATH=scripts:. python benchmarks/archives.py [STORAGE ...]

Requests to S3 and Azure are counted by a proxy before them. SFTP is encrypted: its server's log names each file that is
opened. Each run is a process of its own, forked from one that has imported Airflow; the same again with documents ten
times as large shows what its memory depends on.
"""

import json
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from multiprocessing import Pipe, get_context
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import stores

from airflow_provider_dinero.api import DineroClient, PersonalIntegration
from airflow_provider_dinero.api.ports import MemoryTokenStore, ProcessBudget
from airflow_provider_dinero.sandbox.server import Sandbox, running
from tests.conftest import migrate
from tests.servers.stores.line import Line, line

DOCUMENTS = 5_000
SMALL, LARGE = 2_000, 20_000  # bytes of a document
PER_MINUTE = 1_000_000
SEEDED = 5_556  # of ten invoices that are seeded, one is a draft
OPENED = re.compile(r'open "([^"]+\.pdf)"')
Told = dict[str, Any]
Row = Callable[[str, float, float], None]


class Server(NamedTuple):
    """A storage that runs.

    :param path: str, a folder there, as a DAG author writes it
    :param line: Line to it; None where it can't be counted
    :param log: Path of the server's log
    :param put: callable that puts files there, by their paths below the folder, quickly and without the line
    """

    path: str
    line: Line | None
    log: Path
    put: Callable[[dict[str, bytes]], None]


@contextmanager
def s3(folder: Path) -> Generator[Server]:
    """Run moto's S3."""
    with stores.s3(folder) as connection, line(urlsplit(connection["extra"]["endpoint_url"]).port or 0) as laid:
        connect("s3", stores.s3_connection(f"http://127.0.0.1:{laid.port}"))
        put = partial(put_into_bucket, connection)
        yield Server(f"s3://s3@{stores.BUCKET}/dinero", laid, folder / "s3.log", put)


@contextmanager
def azure(folder: Path) -> Generator[Server]:
    """Run Azurite."""
    with stores.azure(folder) as connection:
        url = connection["extra"]["connection_string"].partition("BlobEndpoint=")[2]
        with line(urlsplit(url).port or 0) as laid:
            connect("azure", stores.azure_connection(f"http://127.0.0.1:{laid.port}"))
            put = partial(put_into_bucket, connection)
            yield Server(f"abfs://azure@{stores.BUCKET}/dinero", laid, folder / "azure.log", put)


@contextmanager
def sftp(folder: Path) -> Generator[Server]:
    """Run OpenSSH, which gives out the files of this machine."""

    def put(contents: dict[str, bytes]) -> None:
        for path, content in contents.items():
            place = folder / "dinero" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)

    with stores.sftp(folder) as connection:
        connect("sftp", connection)
        yield Server(f"sftp://sftp@{folder}/dinero", None, folder / "sftp.log", put)


def put_into_bucket(connection: Told, contents: dict[str, bytes]) -> None:
    """Put objects below the folder of the archive."""
    stores.put(connection, {f"dinero/{path}": content for path, content in contents.items()})


STORAGES: dict[str, Callable[[Path], Any]] = {"s3": s3, "azure": azure, "sftp": sftp}


def connect(name: str, connection: Told) -> None:
    """Make a connection, for this process and its children."""
    os.environ[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps(connection)


def child(path: str, told: Any) -> None:
    """Archive once, and tell what the operator returns, and the peak memory in MiB."""
    from airflow_provider_dinero.transfers.archive import DineroArchiveOperator

    operator = DineroArchiveOperator(task_id="archive", path=path, kinds="invoices")
    began = time.monotonic()
    returned = operator.transfer({})
    took = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told.send({**returned, "seconds": took, "peak": peak})


def archived(box: Sandbox, server: Server, size: int, new: int) -> Told:
    """Archive in a process of its own; return what it tells, and what it asked of Dinero and of the storage."""
    path = f"{server.path}/{size}"
    asked, sent = len(box.requests()), len(server.line.requests) if server.line else 0
    logged = server.log.stat().st_size
    receiving, sending = Pipe(duplex=False)
    process = get_context("fork").Process(target=child, args=(path, sending))
    process.start()
    sending.close()
    try:
        found: Told = receiving.recv()
    except EOFError:
        sys.exit(f"{path}: the run failed")
    process.join()
    if found["new"] != {"invoices": new} or found["documents"] != {"invoices": DOCUMENTS}:
        sys.exit(f"{path}: {new} should be new: {found}")
    found["dinero"] = sum("token" not in each["path"] for each in box.requests()[asked:])
    found["storage"] = server.line.requests[sent:] if server.line else []
    found["opened"] = OPENED.findall(server.log.read_text(errors="replace")[logged:])
    return found


def client_of(box: Sandbox) -> DineroClient:
    """Return a client of the sandbox."""
    grant = PersonalIntegration("personal-sandbox", "sandbox-secret", "sandbox-api-key", box.url)
    options: Told = {"token_store": MemoryTokenStore(), "budget": ProcessBudget()}
    return DineroClient(100001, grant, base_url=box.url, requests_per_minute=PER_MINUTE, **options)


def fill(box: Sandbox, server: Server, size: int, missing: int) -> list[str]:
    """Put all documents into a folder of the storage, as an archive has them, but for some; return their paths."""
    from airflow_provider_dinero.transfers.archive_index import new_line, rendered
    from airflow_provider_dinero.transfers.archive_lists import listed

    client = client_of(box)
    documents = {f"invoices/{each.path}": each.line for each in listed(client, "invoices")}
    client.close()
    if len(documents) != DOCUMENTS:
        sys.exit(f"The sandbox has {len(documents)} booked invoices.")
    content = b"%PDF-1.4\n" + b"%" * (size - 15) + b"\n%%EOF"
    there = sorted(documents)[missing:]
    contents = dict.fromkeys(there, content)
    contents["index/invoices.ndjson"] = rendered({path: new_line(path, documents[path], content) for path in there})
    server.put({f"{size}/100001/{path}": each for path, each in contents.items()})
    return there


def measured(box: Sandbox, name: str, server: Server, row: Row) -> None:
    """Measure a storage."""
    began = time.monotonic()
    fill(box, server, LARGE, 0)
    print(f"{name}: {DOCUMENTS} documents, put there in {time.monotonic() - began:.0f} s", flush=True)
    large = archived(box, server, LARGE, 0)
    paths = fill(box, server, SMALL, 1)
    new, told = archived(box, server, SMALL, 1), archived(box, server, SMALL, 0)
    row("requests to Dinero, all in place", told["dinero"], DOCUMENTS / 1000)
    row("more for a new document", new["dinero"] - told["dinero"], 1)
    if server.line:
        row("requests to the storage, all in place", len(told["storage"]), 10)
        row("more for a new document", len(new["storage"]) - len(told["storage"]), 5)
    else:
        row("documents that were opened, all in place", len(told["opened"]), 0)
    row(f"peak memory, {LARGE} bytes a document over {SMALL}", large["peak"] / told["peak"], 1.05)
    server.put({f"{SMALL}/100001/{paths[0]}": b"%PDF-1.4\n%"})
    damaged = archived(box, server, SMALL, 1)
    archived(box, server, SMALL, 0)  # it is whole again
    row("more to Dinero for a document whose size was changed", damaged["dinero"] - told["dinero"], 1)
    if server.line:
        row("more to the storage for it", len(damaged["storage"]) - len(told["storage"]), 5)


def main(*names: str) -> None:
    """Measure all, print the table, and fail where a budget is missed."""
    over = False

    def row(told: str, found: float, most: float) -> None:
        nonlocal over
        over |= found > most
        print(f"    {told:62} {found:7.2f}   (at most {most:.2f})", flush=True)

    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dinero-bench-")))
        os.environ.update(AIRFLOW_HOME=str(home), AWS_EC2_METADATA_DISABLED="true")
        migrate(home)
        for module in ("airflow.models", "airflow.sdk.io", "airflow_provider_dinero.transfers.archive"):
            import_module(module)
        box = stack.enter_context(running(requests_per_minute=PER_MINUTE))
        connect("dinero_default", box.connection())
        box.seed(contacts=20, invoices=SEEDED)
        for name in names or STORAGES:
            folder = home / name
            folder.mkdir()
            with STORAGES[name](folder) as server:
                measured(box, name, server, row)
    sys.exit(over)


if __name__ == "__main__":
    main(*sys.argv[1:])
