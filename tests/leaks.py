"""Search for secrets wherever a run may have left them: files, database, Redis, process arguments and environments.

    given = tokens(state_file) | {"client secret": ..., "api key": ...}
    with watched() as seen:
        ...  # the run
    assert search(given, [airflow_home], "postgresql+psycopg2://...", "redis://...", seen) == []

A secret counts as found in plain, in base64 (at any position of an encoded text), URL-encoded, and as any 12 characters
of these.
"""

import os
import sqlite3
import threading
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

# As many characters in a row are a find. Half of them, at every sixth place of a text, show where to look closer.
RUN = 12
# What a JWT says in the open, such as times, others say too.
CLAIMS_RUN = 40
STEP = 6
SAMPLE_SECONDS = 0.2
# A process is looked at each time while it is new, since it may still become another program; then every 25th time.
NEW_LOOKS, LATER_LOOKS = 5, 25
# What a test itself puts into environments.
GIVEN = (b"AIRFLOW_CONN_",)


class Find(NamedTuple):
    """A secret in a place. It doesn't say the secret.

    :param where: str, a file, table and column, key or process
    :param secret: str, its name
    :param form: str, plain, base64 or URL
    """

    where: str
    secret: str
    form: str


def tokens(state: Path) -> dict[str, str]:
    """Return all tokens and codes that a sandbox has given out, by a name for each.

    :param state: Path, of `dinero-sandbox serve --state`
    """
    found = {}
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as database:
        for table, column in (("access_tokens", "token"), ("refresh_tokens", "token"), ("codes", "code")):
            for number, (value,) in enumerate(database.execute(f"SELECT {column} FROM {table}")):
                found[f"{table} {number}"] = value
    return found


def search(
    secrets: Mapping[str, str],
    folders: Iterable[Path] = (),
    database_url: str = "",
    redis_url: str = "",
    processes: Mapping[str, bytes] | None = None,
) -> list[Find]:
    """Return all finds, each once.

    :param secrets: mapping of a name to each
    :param folders: of which all files are read
    :param database_url: str, for SQLAlchemy; all tables are read
    :param redis_url: str, without a database; all keys of all databases are read
    :param processes: mapping of what `watched` has seen
    """
    needles = Needles(secrets)
    places = [
        *(text for folder in folders for text in _files(folder)),
        *(_rows(database_url) if database_url else ()),
        *(_keys(redis_url) if redis_url else ()),
        *(processes or {}).items(),
    ]
    return sorted({Find(where, *found) for where, text in places for found in needles.within(text)})


class Needles:
    """Secrets in all their forms, cut into pieces.

    :param secrets: mapping of a name to each
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._forms = [
            (name, form, text, run)
            for name, secret in secrets.items()
            for part, run in parts(secret)
            for form, text in forms(part)
        ]
        self._pieces: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
        for number, (_, _, text, _) in enumerate(self._forms):
            for at in range(len(text) - STEP + 1):
                self._pieces[text[at : at + STEP]].append((number, at))

    def within(self, text: bytes) -> set[tuple[str, str]]:
        """Return the names of the secrets of which a text holds a run, each with the plainest of its forms."""
        found = {
            number for number, (_, _, needle, run) in enumerate(self._forms) if len(needle) < run and needle in text
        }
        for at in range(0, len(text) - STEP + 1, STEP):
            for number, place in self._pieces.get(text[at : at + STEP], ()):
                _, _, needle, run = self._forms[number]
                if number not in found and _run(text, at, needle, place) >= run:
                    found.add(number)
        plainest: dict[str, str] = {}
        for number in sorted(found):
            plainest.setdefault(*self._forms[number][:2])
        return set(plainest.items())


def parts(secret: str) -> list[tuple[str, int]]:
    """Return what of a secret is secret, each with how many characters of it in a row are a find."""
    if secret.count(".") != 2:
        return [(secret, RUN)]
    _, claims, signature = secret.split(".")  # the header of a JWT is the same in many
    return [(f"{claims}.{signature[:RUN]}", CLAIMS_RUN), (signature, RUN)]


def forms(secret: str) -> Iterator[tuple[str, bytes]]:
    """Yield the forms in which a secret may appear, each with its name."""
    plain = secret.encode()
    yield "plain", plain
    for encoded in {quote(plain, safe=""), quote_plus(plain)} - {plain.decode()}:
        yield "URL", encoded.encode()
    for encode in (b64encode, urlsafe_b64encode):
        for before in range(3):  # the text before it shifts the bits
            whole = encode(bytes(before) + plain).rstrip(b"=")
            last = len(whole) - bool((before + len(plain)) % 3)
            yield "base64", whole[(0, 2, 3)[before] : last]


def _run(text: bytes, at: int, needle: bytes, place: int) -> int:
    """Return how long the run is that a text and a needle share, around a piece of it."""
    begin = 0
    while begin < min(at, place) and text[at - begin - 1] == needle[place - begin - 1]:
        begin += 1
    end = 0
    while end < min(len(text) - at, len(needle) - place) and text[at + end] == needle[place + end]:
        end += 1
    return begin + end


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        with suppress(FileNotFoundError):
            if path.is_file() and not path.is_symlink():
                yield str(path), path.read_bytes()


def _rows(url: str) -> Iterator[tuple[str, bytes]]:
    """Yield all values of a database. Encrypted values are not decrypted: no secret may appear in plain."""
    from sqlalchemy import MetaData, create_engine, select

    engine = create_engine(url)
    try:
        metadata = MetaData()
        metadata.reflect(engine)
        with engine.connect() as connection:
            for table in metadata.sorted_tables:
                for row in connection.execute(select(table)).mappings():
                    for column, value in row.items():
                        yield f"{table.name}.{column}", _bytes(value)
    finally:
        engine.dispose()


def _keys(url: str) -> Iterator[tuple[str, bytes]]:
    import redis

    with redis.Redis.from_url(url) as client:
        databases = list(client.info("keyspace"))
    readers = {"string": "get", "hash": "hgetall", "set": "smembers", "list": "lrange", "zset": "zrange"}
    for database in databases:
        with redis.Redis.from_url(url, db=int(database.removeprefix("db"))) as client:
            for key in client.scan_iter():
                kind = client.type(key).decode()
                ends = (0, -1) if kind in {"list", "zset"} else ()
                value = getattr(client, readers[kind])(key, *ends) if kind in readers else b""
                yield f"redis {database} {key.decode(errors='replace')}", key + b" " + _bytes(value)


def _bytes(value: Any) -> bytes:
    if isinstance(value, memoryview):
        value = bytes(value)
    if isinstance(value, bytes):
        with suppress(zlib.error):  # as Airflow stores serialized DAGs on demand
            return zlib.decompress(value)
        return value
    if isinstance(value, str):
        return value.encode()
    return repr(value).encode()


@contextmanager
def watched() -> Generator[dict[str, bytes]]:
    """Collect arguments and environments of all processes that this one starts, and theirs, inside the `with`.

    What a test puts into an environment itself, see GIVEN, is left out.
    """
    seen: dict[str, bytes] = {}
    looks: dict[int, int] = defaultdict(int)
    known: dict[int, bool] = {}
    over = threading.Event()

    def look() -> None:
        while not over.wait(SAMPLE_SECONDS):
            for pid in _descendants(known):
                looks[pid] += 1
                if looks[pid] > NEW_LOOKS and looks[pid] % LATER_LOOKS:
                    continue
                with suppress(OSError):
                    arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
                    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                    own = [each for each in variables if not each.startswith(GIVEN)]
                    seen[f"arguments of process {pid}, {len(arguments)} bytes"] = arguments
                    seen[f"environment of process {pid}"] = b"\0".join(own)

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield seen
    finally:
        over.set()
        watching.join()


def _descendants(known: dict[int, bool]) -> list[int]:
    """Return the processes below this one. `known` keeps which of all are, since most are old each time."""
    alive = {int(name) for name in os.listdir("/proc") if name.isdigit()}
    for gone in known.keys() - alive:
        del known[gone]
    for pid in sorted(alive - known.keys()):
        with suppress(OSError):
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            known[pid] = parent == os.getpid() or known.get(parent, False)
    return [pid for pid, ours in known.items() if ours]
