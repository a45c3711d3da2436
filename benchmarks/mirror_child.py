"""One run of the benchmark of the mirror, in a process of its own.

    python benchmarks/mirror_child.py ours|before|plain|dlt URL DATABASE

It prints its seconds, those of its processor, and its peak memory in MiB. What is imported, and the first connection of
each kind, is not counted. `before` is `ours` in an older build.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

PATH = "/v1/100001/invoices"
SIZE = 1000


def ours(url: str, database: str) -> Callable[[], object]:
    """Sync as the operator does, through the hook of the connection `warehouse`."""
    from airflow.sdk import BaseHook

    from airflow_provider_dinero.api import DineroClient, PersonalIntegration
    from airflow_provider_dinero.transfers.databases import engine_of
    from airflow_provider_dinero.transfers.mirror import Mirror
    from airflow_provider_dinero.transfers.sql import sync

    grant = PersonalIntegration("id", "secret", "key", url)
    client = DineroClient(100001, grant, base_url=url, requests_per_minute=10**7)
    engine = engine_of(BaseHook.get_connection("warehouse"))
    mirror = Mirror(engine, "invoices", 100001, "invoices", lock=lambda: client.lock.hold("mirror"))
    engine.connect().close()
    return lambda: sync(client, "invoices", mirror)


def before(url: str, database: str) -> Callable[[], object]:
    """Sync with an older build, which used the engine of the hook."""
    from airflow.sdk import BaseHook

    from airflow_provider_dinero.api import DineroClient, PersonalIntegration
    from airflow_provider_dinero.transfers.mirror import Mirror
    from airflow_provider_dinero.transfers.sql import sync

    grant = PersonalIntegration("id", "secret", "key", url)
    client = DineroClient(100001, grant, base_url=url, requests_per_minute=10**7)
    connection: Any = BaseHook.get_connection("warehouse")
    hook = connection.get_hook()
    mirror: Any = Mirror(hook.get_sqlalchemy_engine({"hide_parameters": True}), "invoices", 100001, "invoices")  # type: ignore[call-arg]
    return lambda: sync(client, "invoices", mirror)


def plain(url: str, database: str) -> Callable[[], object]:
    """Load with a plain loop and COPY, into columns of the mirror's own types."""
    import psycopg
    import requests
    from sqlalchemy.dialects import postgresql

    from airflow_provider_dinero.api.feeds.feeds import columns_of
    from airflow_provider_dinero.transfers.mirror_tables import TYPES

    kinds = columns_of("invoices")
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    columns = [
        f'"{name}" VARCHAR(36) PRIMARY KEY' if name == "Guid" else f'"{name}" {TYPES[kind].compile(dialect)}'
        for name, kind in kinds.items()
    ]

    def load() -> None:
        session = requests.Session()
        with psycopg.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE invoices ({', '.join(columns)})")
            with cursor.copy("COPY invoices FROM STDIN") as copy:
                number = 0
                while True:
                    answer = session.get(url + PATH, params={"page": number, "pageSize": SIZE}, timeout=60)
                    page = json.loads(answer.content, parse_float=Decimal)
                    for row in page["Collection"]:
                        copy.write_row([row[name] for name in kinds])
                    number += 1
                    if number * SIZE >= page["Pagination"]["ResultWithoutFilter"]:
                        return

    return load


def dlt(url: str, database: str) -> Callable[[], object]:
    """Load with dlt: its source of REST APIs, its destination Postgres, merged by Guid."""
    import dlt as library
    from dlt.sources.rest_api import rest_api_source

    changes = database.endswith("#changes")
    parameters = {"pageSize": SIZE, **({"changesSince": "2026-03-01T00:00:00Z"} if changes else {})}
    source = rest_api_source({
        "client": {
            "base_url": f"{url}/v1/100001/",
            "paginator": {"type": "page_number", "base_page": 0, "page_param": "page", "total_path": None},
        },
        "resources": [
            {
                "name": "invoices",
                "primary_key": "Guid",
                "write_disposition": "merge",
                "endpoint": {"path": "invoices", "params": parameters, "data_selector": "Collection"},
            }
        ],
    })
    credentials = database.removesuffix("#changes").replace("airflow@", "airflow:any@")  # dlt wants a password
    destination = library.destinations.postgres(credentials)
    pipeline = library.pipeline(
        "bench", destination=destination, dataset_name="books", pipelines_dir=os.environ["DLT_DATA_DIR"]
    )
    return lambda: pipeline.run(source).raise_on_failed_jobs()


def main() -> None:
    """Do one run."""
    name, url, database = sys.argv[1:]
    assert urlsplit(url).hostname == "127.0.0.1"
    run = {"ours": ours, "before": before, "plain": plain, "dlt": dlt}[name](url, database)
    began, computed = time.monotonic(), time.process_time()
    run()
    took, computed = time.monotonic() - began, time.process_time() - computed
    print(
        json.dumps({
            "seconds": took,
            "cpu": computed,
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        })
    )


if __name__ == "__main__":
    main()
