"""A proxy that damages responses: truncates them at any byte, empties, replaces or reframes them; http or TLS."""

import http.client
import socket
import socketserver
import ssl
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

PAGE = b"<!DOCTYPE html><html><body><h1>Vi er straks tilbage</h1></body></html>"
OWN = ("content-length", "transfer-encoding", "connection")


@dataclass(frozen=True)
class Spoil:
    """What happens to a response.

    :param place: str, "METHOD path" with wildcards, of the requests that are hit
    :param times: int, how many of them
    :param passed: int, how often the request is passed on; default 1
    :param framing: str, how the end is marked: length, chunked, close (by the connection's end) or 1.0 (so, in
        HTTP/1.0)
    :param status: int or None, is answered instead; default what Dinero answers
    :param body: bytes or None, is answered instead
    :param headers: pairs of str, beside the framing, of what is answered instead
    :param head: int or None, the connection ends after so many bytes of status line and headers
    :param rest: int or None, the connection ends so many bytes before the end
    """

    place: str
    times: int = 1
    passed: int = 1
    framing: str = "length"
    status: int | None = None
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    head: int | None = None
    rest: int | None = None


@dataclass
class Cutter:
    """The settings of a proxy, and the requests that it has seen.

    :param upstream: str, host and port
    """

    upstream: str
    url: str = ""
    orders: list[Spoil] = field(default_factory=list)
    struck: list[int] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    # For each truncated response, and each success without content: where it ended, and the length of its head.
    cuts: list[tuple[int, int]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def order(self, *orders: Spoil) -> None:
        """Spoil these from now on, and nothing else."""
        with self.lock:
            self.orders, self.struck = list(orders), [0] * len(orders)

    def strike(self, place: str) -> Spoil | None:
        """Note a request, and return what becomes of its answer."""
        with self.lock:
            self.seen.append(place)
            for index, order in enumerate(self.orders):
                if self.struck[index] < order.times and fnmatch(place, order.place):
                    self.struck[index] += 1
                    return order
        return None

    def count(self, place: str) -> int:
        """How many requests came whose "METHOD path" is so, with wildcards."""
        return sum(fnmatch(each, place) for each in self.seen)


def composed(status: int, headers: Iterable[tuple[str, str]], body: bytes, framing: str) -> tuple[bytes, bytes]:
    """Return an answer as it goes over the wire: status line and headers, and the body."""
    lines = [f"HTTP/1.{0 if framing == '1.0' else 1} {status} {http.client.responses.get(status, 'So')}"]
    lines += [f"{name}: {value}" for name, value in headers if name.lower() not in OWN]
    if framing == "length":
        lines.append(f"Content-Length: {len(body)}")
    elif framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
        chunks = [each for each in (body[: len(body) // 2], body[len(body) // 2 :]) if each]
        body = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in chunks) + b"0\r\n\r\n"
    elif framing == "close":
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1"), body


def certificate(folder: Path, ended: timedelta = timedelta(days=-1)) -> tuple[str, str]:
    """Write a certificate of 127.0.0.1 and its key, and return their paths; REQUESTS_CA_BUNDLE may name the first.

    :param folder: Path
    :param ended: timedelta, how long ago it ended; default in a day
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([]), datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509
        .CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now - ended)
        .add_extension(names, critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    pem = serialization.Encoding.PEM
    paths[0].write_bytes(made.public_bytes(pem))
    form = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return str(paths[0]), str(paths[1])


@contextmanager
def cutting(upstream: str, certificate: tuple[str, str] | None = None) -> Generator[Cutter]:
    """Run a proxy before a server.

    :param upstream: str, its URL
    :param certificate: pair of paths, certificate and key: the proxy speaks TLS; default http
    """
    cutter = Cutter(urlsplit(upstream).netloc)
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)

    class Handler(socketserver.StreamRequestHandler):
        wbufsize = -1

        def handle(self) -> None:
            with suppress(OSError, ssl.SSLError):
                while self.one():
                    pass

        def one(self) -> bool:
            line = self.rfile.readline()
            if not line:
                return False
            method, target, _ = line.decode().split()
            fields = list(http.client.parse_headers(self.rfile).items())
            length = next((int(value) for name, value in fields if name.lower() == "content-length"), 0)
            content = self.rfile.read(length)
            spoil = cutter.strike(f"{method} {urlsplit(target).path}")
            status, headers, body = 200, [("Content-Type", "application/json")], b""
            for _ in range(1 if spoil is None else spoil.passed):
                status, headers, body = self.passed_on(method, target, fields, content)
            if spoil is None:
                self.wfile.writelines(composed(status, headers, body, "length"))
                self.wfile.flush()
                return True
            if spoil.status is not None or spoil.body is not None:
                status, headers = spoil.status or status, list(spoil.headers)
                body = spoil.body if spoil.body is not None else body
            head, body = composed(status, headers, body, "none" if status == 204 else spoil.framing)
            whole = head + body
            end = len(whole)
            if spoil.head is not None:
                end = spoil.head % len(head)
            elif spoil.rest is not None:
                end = max(len(head), end - 1 - spoil.rest % max(1, len(body)))
            if end < len(whole) or (not body and status < 300):
                cutter.cuts.append((end, len(head)))
            self.wfile.write(whole[:end])
            self.wfile.flush()
            return end == len(whole) and (spoil.framing in {"length", "chunked"} or status == 204)

        def passed_on(
            self, method: str, target: str, fields: list[tuple[str, str]], content: bytes
        ) -> tuple[int, list[tuple[str, str]], bytes]:
            connection = http.client.HTTPConnection(cutter.upstream, timeout=60)
            headers = {name: value for name, value in fields if name.lower() not in {"host", "accept-encoding"}}
            connection.request(method, target, content or None, headers)
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            return answer.status, answer.getheaders(), body

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

        def get_request(self) -> tuple[socket.socket, object]:
            connection, peer = super().get_request()
            if context:
                # In the thread that serves it, which never sends close_notify by itself.
                connection = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            return connection, peer

        def shutdown_request(self, request: socket.socket) -> None:
            with suppress(OSError):
                socket.socket.shutdown(request, socket.SHUT_WR)
            request.close()

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    cutter.url = f"http{'s' if context else ''}://127.0.0.1:{server.server_address[1]}"
    try:
        yield cutter
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
