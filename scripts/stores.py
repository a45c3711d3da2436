"""Object stores and an SFTP server on free ports: moto's S3, Azurite, an emulator of GCS, and Debian's OpenSSH.

The first three come from PyPI and npm: `make .stores/.installed`.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from local import BIN, ROOT, free_port, started, wait_for
from services import PLACES

BUCKET = "books"
REGION = "eu-north-1"
AZURITE = ROOT / ".azurite" / "node_modules" / "azurite"
# The emulator has no projects and no credentials.
GOOGLE = {"project": "test", "is_anonymous": True}

Connection = dict[str, Any]


@contextmanager
def s3(logs: Path) -> Generator[Connection]:
    """Run moto's S3 with an empty bucket, and give the connection as a dict.

    :param logs: Path, folder for its log
    """
    port, log = free_port(), logs / "s3.log"
    url = f"http://127.0.0.1:{port}"
    with started([str(BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(port)], log, {}) as process:
        wait_for(lambda: requests.get(f"{url}/moto-api/", timeout=5).ok, process, log)
        requests.put(f"{url}/{BUCKET}", timeout=10).raise_for_status()
        yield s3_connection(url)


def s3_connection(url: str, **extra: Any) -> Connection:
    """Return the connection to an S3 at an address."""
    given = {"endpoint_url": url, "region_name": REGION, **extra}
    return {"conn_type": "aws", "login": "testing", "password": "testing1", "extra": given}


@contextmanager
def azure(logs: Path) -> Generator[Connection]:
    """Run Azurite with an empty container, and give the connection as a dict.

    :param logs: Path, folder for its log and data
    """
    port, log = free_port(), logs / "azure.log"
    url = f"http://127.0.0.1:{port}"
    command = ["node", str(AZURITE / "dist/src/blob/main.js"), "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    options = ["--location", str(logs / "azure"), "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    with started([*command, *options], log, {}) as process:
        wait_for(lambda: requests.get(url, timeout=5).status_code >= 400, process, log)
        connection = azure_connection(url)
        from azure.storage.blob import BlobServiceClient

        text = connection["extra"]["connection_string"]
        with BlobServiceClient.from_connection_string(text) as client:
            client.create_container(BUCKET)
        yield connection


def azure_account() -> tuple[str, str]:
    """Return the name and the published key of the emulator's account, as its package has them."""
    text = (AZURITE / "dist/src/blob/utils/constants.js").read_text() + (
        AZURITE / "dist/src/common/utils/constants.js"
    ).read_text()
    name = re.search(r'EMULATOR_ACCOUNT_NAME = "([^"]+)"', text)
    key = re.search(r'EMULATOR_ACCOUNT_KEY_STR = "([^"]+)"', text)
    if name is None or key is None:
        sys.exit("Azurite's account is written elsewhere than in 3.37.0.")
    return name[1], key[1]


def azure_connection(url: str) -> Connection:
    """Return the connection to an Azurite at an address."""
    name, key = azure_account()
    text = f"DefaultEndpointsProtocol=http;AccountName={name};AccountKey={key};BlobEndpoint={url}/{name};"
    return {"conn_type": "wasb", "extra": {"connection_string": text}}


@contextmanager
def gcs(logs: Path) -> Generator[tuple[Connection, dict[str, str]]]:
    """Run an emulator of GCS with an empty bucket; give the connection, and the environment that leads gcsfs there.

    :param logs: Path, folder for its log
    """
    port, log = free_port(), logs / "gcs.log"
    url = f"http://127.0.0.1:{port}"
    command = [str(BIN / "gcp-storage-emulator"), "start", "--host=127.0.0.1", f"--port={port}", "--in-memory"]
    with started([*command, f"--default-bucket={BUCKET}"], log, {}) as process:
        wait_for(lambda: requests.get(f"{url}/storage/v1/b", timeout=5).ok, process, log)
        environment = {"STORAGE_EMULATOR_HOST": url, "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}
        yield {"conn_type": "google_cloud_platform", "extra": {**GOOGLE, "gcs.endpoint": url}}, environment


def put(connection: Connection, contents: dict[str, bytes]) -> None:
    """Put many objects into the bucket, quicker than file systems do: only Azurite looks at a signature.

    :param connection: dict, to S3, Azure or GCS
    :param contents: dict, by their keys
    """
    extra, query = connection["extra"], ""
    if connection["conn_type"] == "aws":
        method, url = "PUT", f"{extra['endpoint_url']}/{BUCKET}/"
    elif connection["conn_type"] == "wasb":
        method, url = "PUT", f"{extra['connection_string'].partition('BlobEndpoint=')[2].rstrip(';')}/{BUCKET}/"
        query = f"?{azure_signature('cw', timedelta(hours=1))}"
    else:
        method, url = "POST", f"{extra['gcs.endpoint']}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name="
    with requests.Session() as session:
        session.headers["x-ms-blob-type"] = "BlockBlob"
        if connection["conn_type"] == "aws":  # without any, nothing that is there may be replaced
            session.headers["Authorization"] = "AWS testing:none"
        for key, content in contents.items():
            session.request(method, f"{url}{key}{query}", data=content, timeout=60).raise_for_status()


def azure_signature(permission: str, lasts: timedelta) -> str:
    """Return a SAS of the emulator's account.

    :param permission: str, such as rl: read and list
    :param lasts: timedelta, negative for one that has expired
    """
    from azure.storage.blob import generate_account_sas

    name, key = azure_account()
    now = datetime.now(UTC)
    options: dict[str, Any] = {"start": now - timedelta(days=2), "expiry": now + lasts}
    return str(generate_account_sas(name, key, resource_types="sco", permission=permission, **options))


@contextmanager
def sftp(logs: Path, *options: str) -> Generator[Connection]:
    """Run an OpenSSH of this user on this machine, and give the connection as a dict.

    :param logs: Path, folder for its log, which names each file that is opened
    :param options: str, more lines of its configuration
    """
    port, log = free_port(), logs / "sftp.log"
    with tempfile.TemporaryDirectory(prefix="dinero-sftp-") as folder:
        for name in ("host", "client"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/{name}"]
            subprocess.run(command, check=True)
        shutil.copy(f"{folder}/client.pub", f"{folder}/authorized")
        lines = [
            f"Port {port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {folder}/host",
            f"AuthorizedKeysFile {folder}/authorized",
            f"PidFile {folder}/pid",
            "StrictModes no",
            "UsePAM no",
            "MaxStartups 100",
            "Subsystem sftp internal-sftp -l VERBOSE",
            *options,
        ]
        settings = Path(folder, "config")
        settings.write_text("\n".join(lines) + "\n")
        Path("/run/sshd").mkdir(exist_ok=True)  # where its children are shut in
        sshd = shutil.which("sshd", path=PLACES)
        if sshd is None:
            sys.exit("There is no sshd. Install what is missing: apt-get install openssh-server")
        with started([sshd, "-D", "-e", "-f", str(settings)], log, {}) as process:
            wait_for(lambda: "Server listening" in log.read_text(), process, log)
            yield sftp_connection(port, f"{folder}/client")


def sftp_connection(port: int, key: str) -> Connection:
    """Return the connection to an SFTP server at a port."""
    import getpass

    extra = {"key_file": key, "no_host_key_check": "true"}
    return {"conn_type": "sftp", "host": "127.0.0.1", "port": port, "login": getpass.getuser(), "extra": extra}
