"""Postgres, pgbouncer, MariaDB, Redis and Dovecot from Debian's packages, on free ports and in folders of their own."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from local import free_port, started, wait_for

PACKAGES = {
    "dovecot": "dovecot-imapd",
    "postgres": "postgresql",
    "pgbouncer": "pgbouncer",
    "mariadbd": "mariadb-server",
    "mariadb-install-db": "mariadb-server",
    "redis-server": "redis-server",
}
PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin"
DATABASE = "postgres"  # the one that always exists


def installed(program: str) -> Path | None:
    """Return the path of a server's program, or None; Debian keeps those of Postgres out of the PATH.

    :param program: str
    """
    beside = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda each: int(each.parts[4]))
    found = beside[-1:] or [Path(there) for there in [shutil.which(program, path=PLACES)] if there]
    return found[0] if found else None


def find(program: str) -> Path:
    """Return the path of a server's program, which must exist.

    :param program: str
    """
    found = installed(program)
    if found is None:
        sys.exit(f"There is no {program}. Install it: apt-get install {PACKAGES[program]}")
    return found


@contextmanager
def postgres(logs: Path) -> Generator[str]:
    """Run an empty Postgres, and yield the address of its database, without the driver: user@host:port/name.

    Its data is gone afterwards. It trusts everyone on this machine.

    :param logs: Path, folder for its log
    """
    programs = find("postgres").parent
    # It refuses to run as root; and it may not be able to read a clone, such as one below /root.
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="dinero-postgres-") as folder:
        if user:
            shutil.chown(folder, user, user)
        data, port, log = f"{folder}/data", free_port(), logs / "postgres.log"
        options = ["--username", "airflow", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
        subprocess.run(
            [str(programs / "initdb"), "--pgdata", data, *options],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            user=user,
            group=user,
        )
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "300",
            "fsync": "off",  # nothing of it is kept
        }
        given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(programs / "postgres"), "-D", data, "-p", str(port), *given]
        with started(command, log, {}, user) as process:
            wait_for(lambda: "ready to accept connections" in log.read_text(), process, log)
            yield f"airflow@127.0.0.1:{port}/{DATABASE}"


@contextmanager
def pgbouncer(logs: Path, address: str) -> Generator[str]:
    """Run a pgbouncer in transaction mode in front of a Postgres, and yield its address as `postgres` does.

    :param logs: Path, folder for its log and settings
    :param address: str, of the Postgres
    """
    host, _, rest = address.partition("@")[2].partition(":")
    port, log, settings = free_port(), logs / "pgbouncer.log", logs / "pgbouncer.ini"
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    settings.write_text(
        f"""[databases]
{DATABASE} = host={host} port={rest.partition("/")[0]} user=airflow
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
"""
    )
    with tempfile.TemporaryDirectory(prefix="dinero-pgbouncer-") as folder:
        own = shutil.copy(settings, folder)
        if user:
            for each in (folder, own):
                shutil.chown(each, user, user)
        with started([str(find("pgbouncer")), str(own)], log, {}, user) as process:
            wait_for(lambda: "process up" in log.read_text(), process, log)
            yield f"airflow@127.0.0.1:{port}/{DATABASE}"


@contextmanager
def mariadb(logs: Path, *options: str) -> Generator[str]:
    """Run an empty MariaDB, and yield the address of its database: user@host:port/name. It needs no password.

    :param logs: Path, folder for its log
    :param options: str, of mariadbd, such as --default-storage-engine=Aria
    """
    user = "mysql" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="dinero-mariadb-") as folder:
        if user:
            shutil.chown(folder, user, user)
        data, port, log = f"{folder}/data", free_port(), logs / "mariadb.log"
        runs_as = [f"--user={user}"] if user else []
        install = [str(find("mariadb-install-db")), "--no-defaults", *runs_as, f"--datadir={data}"]
        install.append("--auth-root-authentication-method=normal")
        with Path(tempfile.gettempdir(), "dinero-mariadb-install.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two at a time have failed
            made = subprocess.run(install, check=False, capture_output=True, text=True)
        if made.returncode:
            sys.exit(f"mariadb-install-db failed:\n{made.stdout[-2000:]}{made.stderr[-2000:]}")
        command = [
            str(find("mariadbd")),
            "--no-defaults",
            *runs_as,
            f"--datadir={data}",
            f"--port={port}",
            f"--socket={folder}/socket",
            "--bind-address=127.0.0.1",
            "--innodb-flush-log-at-trx-commit=0",  # nothing of it is kept
            *options,
        ]
        with started(command, log, {}, stop=signal.SIGKILL) as process:  # it ignores Ctrl-C, and nothing is kept
            wait_for(lambda: "ready for connections" in log.read_text(), process, log)
            yield f"root@127.0.0.1:{port}/test"


@contextmanager
def redis(logs: Path) -> Generator[str]:
    """Run an empty Redis, and yield its address without a database number: redis://host:port.

    :param logs: Path, folder for its log
    """
    port, log = free_port(), logs / "redis.log"
    command = [str(find("redis-server")), "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(logs)]
    with started(command, log, {}) as process:
        wait_for(lambda: "Ready to accept connections" in log.read_text(), process, log)
        yield f"redis://127.0.0.1:{port}"


@contextmanager
def dovecot(logs: Path) -> Generator[int]:
    """Run a Dovecot with an empty mailbox for each user that logs in, with any name, and give its port (IMAP, no TLS).

    :param logs: Path, folder for its log
    """
    with tempfile.TemporaryDirectory(prefix="dinero-dovecot-") as folder:
        port, log, settings = free_port(), logs / "dovecot.log", Path(folder) / "dovecot.conf"
        root = os.geteuid() == 0
        own = "root" if root else os.environ.get("USER", "")
        mail = "mail" if root else own  # it refuses to deliver mail to root
        settings.write_text(
            f"""protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {log}
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail/%u
default_internal_user = {mail if root else own}
default_login_user = {mail if root else own}
first_valid_uid = 1
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={mail} gid={mail} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""
        )
        (Path(folder) / "mail").mkdir()
        if root:
            shutil.chown(f"{folder}/mail", mail, mail)
            Path(folder).chmod(0o755)
        with started([str(find("dovecot")), "-F", "-c", str(settings)], log, {}) as process:
            wait_for(lambda: log.exists() and "starting up" in log.read_text(), process, log)
            yield port
