"""The addresses of files that DAG authors write: resolve them, and reject those that Airflow would misread."""

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_dinero.api.errors import DineroConfigurationError

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

log = logging.getLogger(__name__)

LOCAL = {"file", "local", ""}
S3 = {"s3", "s3a", "s3n"}
GCS = {"gs", "gcs"}
AZURE = {"abfs", "abfss", "adl"}
SFTP = {"sftp", "ssh"}
# Schemes of Azure for which Airflow has no file system.
FOREIGN_AZURE = {"wasb", "wasbs", "az"}


def place_of(path: "str | ObjectStoragePath") -> "ObjectStoragePath":
    """Return a place in object storage, on an SFTP server or on a local disk.

    Only a str can be checked: an ObjectStoragePath no longer has everything that its author wrote.

    :param path: str or ObjectStoragePath; a str without a scheme is a local path
    :raises DineroConfigurationError: Airflow would misread the address, or couldn't read it
    """
    from airflow.sdk import ObjectStoragePath

    if isinstance(path, ObjectStoragePath):
        return path
    text = str(path)
    if "://" not in text:
        return ObjectStoragePath(str(Path(text).absolute()))
    scheme, _, rest = text.partition("://")
    where, slash, key = rest.partition("/")
    connection, at, host = where.rpartition("@")
    _require_meant(scheme.lower(), connection, host, key, conn_given=bool(at))
    if not connection and scheme.lower() not in LOCAL:
        log.info("%s://%s is reached without an Airflow connection, with the worker's own credentials.", scheme, host)
    # A template that renders to nothing leaves two slashes; in a bucket, that is a different folder.
    folded = re.sub(r"/{2,}", "/", f"{slash}{key}")
    return ObjectStoragePath(f"{scheme}://{where}{folded}")


def _require_meant(scheme: str, connection: str, host: str, key: str, *, conn_given: bool) -> None:
    """Check that Airflow reads an address as its author means it."""
    if ":" in connection:
        raise DineroConfigurationError(
            f"The address {scheme}://…@{host}/{key} contains a password.",
            f"Store it in an Airflow connection, and write {scheme}://CONN_ID@{host}/{key}.",
        )
    if ":" in host and not conn_given:  # a slash in a password ends the part before the path
        raise DineroConfigurationError(
            f"The address {scheme}://… contains a password or a port.",
            f"Store it in an Airflow connection, and write {scheme}://CONN_ID@….",
        )
    shown = f"{scheme}://{connection}{'@' * conn_given}{host}/{key}"
    right = ""
    if scheme in FOREIGN_AZURE:
        container, known = (connection, "CONN_ID") if "." in host else (host, connection or "CONN_ID")
        right = f"abfs://{known}@{container or 'CONTAINER'}/{key}"
    elif scheme in AZURE and "." in host:  # the name of a container has no dot, so this is the host of an account
        right = f"{scheme}://CONN_ID@{connection or 'CONTAINER'}/{key}"
    elif scheme in SFTP and (host or not connection):
        below = f"{host}/{key}" if conn_given else key
        right = f"{scheme}://{connection or host or 'CONN_ID'}@/{below}"
    elif scheme in LOCAL and (host or conn_given):
        right = f"file:///{host}/{key}"
    elif scheme in S3 | GCS | AZURE and not host:
        right = f"{scheme}://{connection or 'CONN_ID'}@BUCKET/{key}"
    if right:
        raise DineroConfigurationError(
            f"The address {shown} would be understood as another place, or as none.", f"Write {right}"
        )


def uri_of(place: "ObjectStoragePath") -> str | None:
    """Return the plain address of a place for other programs: without connection, user or secret.

    :param place: ObjectStoragePath
    :return: str, such as `s3://bucket/key`; None for a file system that has no such address
    """
    dataset = dataset_of(place)
    if dataset is not None:
        namespace, name = dataset
        return f"file://{name}" if namespace == "file" else f"{namespace}/{name}"
    if place.protocol in SFTP:
        options = place.fs.storage_options
        return f"sftp://{options['host']}:{options.get('port', 22)}{place.path}"
    return None


def dataset_of(place: "ObjectStoragePath") -> tuple[str, str] | None:
    """Return the namespace and name of a place in OpenLineage, which Spark and DuckDB use too.

    :param place: ObjectStoragePath
    :return: (namespace, name); None if no engine has a name for it
    """
    protocol = place.protocol
    if protocol in LOCAL:
        return "file", place.path
    bucket, _, key = place.path.partition("/")
    if protocol in S3:
        return f"s3://{bucket}", key
    if protocol in GCS:
        return f"gs://{bucket}", key
    if protocol in AZURE:
        return f"abfss://{bucket}@{_azure_host(place.fs)}", key
    return None


def _azure_host(fs: object) -> str:
    """Return the host of an account's files: the host of its blobs with `dfs` instead of `blob`, in any Azure cloud."""
    account = getattr(getattr(fs, "service_client", None), "account_name", None) or getattr(fs, "account_name", None)
    url = getattr(getattr(fs, "service_client", None), "url", "") or ""
    match = re.match(r"https?://[^/]+?\.blob\.([^/:?]+)", url)
    return f"{account}.dfs.{match[1] if match else 'core.windows.net'}"
