"""Credentials that may read, and no more, for each store; and documents that were moved to an archive tier."""

import ctypes
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import requests
import stores
from azure.storage.blob import BlobServiceClient

from tests.servers.stores.conftest import Place

READ_ONLY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}],
}
DAC_OVERRIDE, CAPABILITIES = 1, 0x20080522


@contextmanager
def read_only(place: Place, folder: Path) -> Generator[Place]:
    """Give a place again, as somebody has it who may only read.

    :param place: Place
    :param folder: Path, for the log of a server
    """
    with {"local": _local, "s3": _s3, "azure": _azure, "sftp": _sftp}[place.kind](place, folder) as path:
        yield Place(place.kind, path, place.line)


def connect(name: str, connection: dict[str, Any]) -> None:
    """Make a connection."""
    os.environ[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps(connection)


def sas(place: Place, lasts: timedelta) -> dict[str, Any]:
    """Return the connection of a SAS that may list and read.

    :param place: Place in Azure
    :param lasts: timedelta, negative for one that has expired
    """
    assert place.line
    endpoint = f"http://127.0.0.1:{place.line.port}/{stores.azure_account()[0]}"
    text = f"BlobEndpoint={endpoint};SharedAccessSignature={stores.azure_signature('rl', lasts)}"
    return {"conn_type": "wasb", "extra": {"connection_string": text}}


def move_to_archive_tier(place: Place, path: str) -> None:
    """Move a document to where it has to be restored from before it can be read.

    :param place: Place in S3 or Azure
    :param path: str, below it
    """
    key = place.at(path).path.removeprefix(f"{stores.BUCKET}/")
    connection = json.loads(os.environ[f"AIRFLOW_CONN_{place.kind.upper()}"])
    if place.kind == "s3":
        client = _amazon("s3", connection["extra"]["endpoint_url"])
        source = {"Bucket": stores.BUCKET, "Key": key}
        client.copy_object(Bucket=stores.BUCKET, Key=key, CopySource=source, StorageClass="GLACIER")
        client.close()
    else:
        with BlobServiceClient.from_connection_string(connection["extra"]["connection_string"]) as service:
            service.get_blob_client(stores.BUCKET, key).set_standard_blob_tier("Archive")


def _amazon(service: str, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=stores.REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing1",
    )


@contextmanager
def _local(place: Place, folder: Path) -> Generator[str]:
    """Folders and files of somebody else; root, who isn't asked for permission, gives that up in this thread."""
    own = os.geteuid() == 0
    root = Path(place.path)
    for each in [root, *root.rglob("*")]:
        os.chown(each, 65534, 65534) if own else each.chmod(0o555 if each.is_dir() else 0o444)
    libc = ctypes.CDLL(None, use_errno=True)
    header, before = (ctypes.c_uint32 * 2)(CAPABILITIES, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, before) == 0
    without = (ctypes.c_uint32 * 6)(*before)
    without[0] &= ~(1 << DAC_OVERRIDE)
    assert libc.capset(header, without) == 0
    try:
        yield place.path
    finally:
        assert libc.capset(header, before) == 0
        if not own:
            for each in [root, *root.rglob("*")]:
                each.chmod(0o755)


@contextmanager
def _s3(place: Place, folder: Path) -> Generator[str]:
    """A user of IAM, whose policy moto enforces until the end."""
    extra = json.loads(os.environ["AIRFLOW_CONN_S3"])["extra"]
    iam = _amazon("iam", extra["endpoint_url"])
    iam.create_user(UserName="reader")
    iam.put_user_policy(UserName="reader", PolicyName="reader", PolicyDocument=json.dumps(READ_ONLY))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    iam.close()
    keys = {"login": key["AccessKeyId"], "password": key["SecretAccessKey"]}
    connect("s3_reader", {"conn_type": "aws", "extra": extra, **keys})
    enforce = f"{extra['endpoint_url']}/moto-api/reset-auth"
    requests.post(enforce, data=b"0", timeout=10).raise_for_status()
    try:
        yield place.path.replace("s3@", "s3_reader@")
    finally:
        requests.post(enforce, data=b"inf", timeout=10).raise_for_status()


@contextmanager
def _azure(place: Place, folder: Path) -> Generator[str]:
    connect("azure_reader", sas(place, timedelta(hours=1)))
    yield place.path.replace("azure@", "azure_reader@")


@contextmanager
def _sftp(place: Place, folder: Path) -> Generator[str]:
    with stores.sftp(folder, "ForceCommand internal-sftp -R") as connection:
        connect("sftp_reader", connection)
        yield place.path.replace("sftp@", "sftp_reader@")
