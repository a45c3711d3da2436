"""A server of a list of invoices at the lowest cost: pages of 1000 rows, all made in advance."""

import json
import socket
import sys
import threading
import time
from functools import cache
from urllib.parse import parse_qs, urlsplit

SIZE = 1000
ROW = {
    "Number": 1042,
    "Guid": "00000000-0000-4000-8000-PPPPPPRRRRRR",
    "ExternalReference": "order-PPPPPPRRRRRR",
    "ContactName": "Bjørn Hansen",
    "ContactGuid": "3f1d9a52-5f0e-5d55-9c39-4a1b6f7e2c10",
    "Date": "2026-02-01",
    "PaymentDate": "2026-02-09",
    "Description": "Faktura",
    "Currency": "DKK",
    "Status": "Paid",
    "MailOutStatus": "Sent",
    "LatestMailOutType": "Mailout",
    "TotalExclVatInDkk": 1234.5,
    "TotalInclVatInDkk": 1543.13,
    "TotalExclVat": 1234.5,
    "TotalInclVat": 1543.13,
    "CreatedAt": "2026-02-01T09:12:47.407",
    "UpdatedAt": "2026-02-01T09:14:47.5",
    "DeletedAt": None,
}


class Counts:
    """What the server received."""

    connections = 0
    requests = 0


@cache
def page(total: int, number: int, changed: bool = False) -> bytes:
    """Return a page as JSON; made before the first request."""
    rows = b",".join(
        json.dumps(
            {
                **ROW,
                "Number": index,
                "Guid": f"00000000-0000-4000-8000-{index:012}",
                "ExternalReference": f"order-{index}",
                "TotalExclVatInDkk": index + 0.5,
                "TotalInclVatInDkk": index * 1.25,
                "TotalExclVat": index + 0.5,
                "TotalInclVat": index * 1.25,
                **({"Status": "Overdue"} if changed else {}),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        for index in range(number * SIZE, min(total, (number + 1) * SIZE))
    )
    pagination = {
        "MaxPageSizeAllowed": SIZE,
        "PageSize": SIZE,
        "Result": SIZE,
        "ResultWithoutFilter": total,
        "Page": number,
    }
    return b'{"Collection":[' + rows + b'],"Pagination":' + json.dumps(pagination).encode() + b"}"


def answer(target: str, total: int, delay: float, changed: int) -> bytes:
    """Return the body for a request; with changesSince, only rows that have changed."""
    parts = urlsplit(target)
    if parts.path.endswith("/oauth/token"):
        return b'{"access_token":"t","expires_in":3600,"token_type":"Bearer"}'
    if parts.path == "/counts":
        found = json.dumps({"connections": Counts.connections, "requests": Counts.requests}).encode()
        Counts.connections = Counts.requests = 0
        return found
    Counts.requests += 1
    time.sleep(delay)
    query = parse_qs(parts.query)
    if "deletedOnly" in query:
        return page(0, 0)
    if "changesSince" in query:
        return page(changed, int(query["page"][0]), changed=True)
    return page(total, int(query["page"][0]))


def serve(connection: socket.socket, total: int, delay: float, changed: int) -> None:
    """Respond on one connection until it closes."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream = connection.makefile("rb")
    counted = False
    while line := stream.readline():
        length = 0
        while (header := stream.readline()) not in {b"\r\n", b""}:
            name, _, value = header.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        stream.read(length)
        target = line.split()[1].decode()
        if "/invoices" in target and not counted:
            counted = True
            Counts.connections += 1
        body = answer(target, total, delay, changed)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(
            body
        )
        connection.sendall(head + body)


def main() -> None:
    """Serve `python benchmarks/server.py ROWS DELAY [CHANGED]`; prints the port."""
    total, delay = int(sys.argv[1]), float(sys.argv[2])
    changed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    for number in range(-(-changed // SIZE)):
        page(changed, number, changed=True)
    for number in range(-(-total // SIZE)):
        page(total, number)
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=serve, args=(connection, total, delay, changed), daemon=True).start()


if __name__ == "__main__":
    main()
