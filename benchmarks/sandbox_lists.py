"""What the last page of a long list costs the sandbox, over the first one; the fastest of several."""

import sys
import time

import requests

from airflow_provider_dinero.sandbox.server import Sandbox, running

INVOICES = 20_000
PAGE = 100
RUNS = 7
BUDGET = 2.0
QUERIES = ("", "sort=VoucherDate", "sort=Contact", "statusFilter=Overdue", "sort=Status")


def session_of(sandbox: Sandbox) -> requests.Session:
    """Return a session with a token of the sandbox's personal integration."""
    session = requests.Session()
    key = "sandbox-api-key"
    form = {"grant_type": "password", "scope": "read write", "username": key, "password": key}
    client = ("personal-sandbox", "sandbox-secret")
    answer = session.post(f"{sandbox.url}/dineroapi/oauth/token", auth=client, data=form, timeout=10).json()
    session.headers["Authorization"] = f"Bearer {answer['access_token']}"
    return session


def fastest(session: requests.Session, url: str) -> float:
    """Return the milliseconds that a page takes."""
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        if not session.get(url, timeout=60).json()["Collection"]:
            sys.exit(f"{url} is empty")
        taken.append((time.perf_counter() - began) * 1000)
    return min(taken)


def main(slack: float) -> None:
    """Measure all, print the table, and fail where the budget is missed."""
    over = False
    with running(requests_per_minute=10_000) as sandbox:
        sandbox.seed(contacts=20, invoices=INVOICES)
        session = session_of(sandbox)
        for query in QUERIES:
            url = f"{sandbox.url}/v1/100001/invoices?pageSize={PAGE}&{query}"
            rows = session.get(url, timeout=60).json()["Pagination"]["ResultWithoutFilter"]
            first, last = fastest(session, f"{url}&page=0"), fastest(session, f"{url}&page={(rows - 1) // PAGE}")
            told = f"last of {rows} invoices over first, {query or 'as they come'}"
            print(f"{told:62} {last / first:6.2f}   (at most {BUDGET * slack:.2f}; {first:.1f} ms)")
            over |= last > BUDGET * slack * first
    sys.exit(over)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
