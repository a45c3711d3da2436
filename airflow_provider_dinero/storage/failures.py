"""Translate the errors of file systems into errors that name the file, the connection and what to do."""

import re
from collections.abc import Generator
from contextlib import contextmanager

from airflow_provider_dinero.api.errors import (
    DineroConfigurationError,
    DineroError,
    DineroUnavailable,
)

LONGEST = 300
# The signature of a URL, the key in a connection string, and the password in an address.
# A signed URL is as sensitive as a password until it expires.
_SECRET = re.compile(
    r"(?i)(\b(?:sig|signature|accountkey|sharedaccesssignature|x-(?:amz|goog)-(?:signature|credential|security-token))=|"
    r"://[^\s/:@]*:)[^&;\s'\"@]+"
)
_ARCHIVED = ("InvalidObjectState", "BlobArchived", "storage class")
_NO_BUCKET = ("NoSuchBucket", "bucket does not exist", "ContainerNotFound", "container does not exist")
# Also in the words of an SFTP server and of a disk that is mounted read-only, whose errors are no PermissionError.
_REFUSED = (
    "AccessDenied",
    "AuthenticationFailed",
    "AuthorizationFailure",
    "AuthorizationPermission",
    "Forbidden",
    "Permission denied",
    "Read-only file system",
)
_NOT_ALLOWED = {401, 403}


@contextmanager
def told(doing: str, where: str, conn_id: str | None, seconds: float) -> Generator[None]:
    """Turn an exception of a file system into one of our errors; a missing file stays a FileNotFoundError.

    :param doing: str, the action, such as `write`
    :param where: str, the file or folder
    :param conn_id: str or None, the Airflow connection
    :param seconds: float, the time limit of the action
    :raises DineroConfigurationError: a person must change something
    :raises DineroUnavailable: a retry may succeed
    """
    try:
        yield
    except (DineroError, FileNotFoundError) as error:
        if isinstance(error, FileNotFoundError) and _says(error, _NO_BUCKET):
            raise no_bucket(where, conn_id, error) from error
        raise
    except Exception as error:  # each file system raises its own exceptions
        raise _failure(doing, where, conn_id, seconds, error) from error


def no_bucket(where: str, conn_id: str | None, error: BaseException) -> DineroConfigurationError:
    """Return the error for a missing bucket, container or root folder.

    :param where: str, the file or folder
    :param conn_id: str or None, the Airflow connection
    :param error: exception of the file system
    """
    return DineroConfigurationError(
        f"{where} can't be reached: its bucket or container doesn't exist for {_who(conn_id)} ({_text(error)}).",
        "Create it, or correct the path or the connection.",
    )


def _failure(doing: str, where: str, conn_id: str | None, seconds: float, error: Exception) -> DineroError:
    who = _who(conn_id)
    if isinstance(error, TimeoutError):
        return DineroUnavailable(
            f"The storage could not {doing} {where} within {seconds:.0f} s ({who}).",
            "No incomplete file has its name. If the network is only slow, raise storage_timeout.",
        )
    if _says(error, _ARCHIVED):
        return DineroConfigurationError(
            f"{where} is archived and can't be read ({who}): {_text(error)}.",
            "Restore it from the archive tier, or restore its line in the index.",
        )
    if _says(error, _NO_BUCKET):
        return no_bucket(where, conn_id, error)
    if isinstance(error, PermissionError) or _status(error) in _NOT_ALLOWED or _says(error, _REFUSED):
        return DineroConfigurationError(
            f"{who[0].upper()}{who[1:]} isn't allowed to {doing} {where}: {_text(error)}.",
            "It needs permission to list, read and write there; a SAS or another temporary key may have expired.",
        )
    if isinstance(error, ImportError | ValueError) and "filesystem" in str(error).lower().replace(" ", ""):
        return DineroConfigurationError(
            f"There is no file system for {where} on this worker: {_text(error)}.",
            "Install airflow-provider-dinero with the extra s3, gcs, azure or sftp wherever tasks run.",
        )
    if type(error).__name__ == "AirflowNotFoundException" or isinstance(error, ImportError):
        return DineroConfigurationError(f"{where} can't be reached: {_text(error)}.", "Correct the path.")
    return DineroUnavailable(
        f"The storage could not {doing} {where} ({who}): {_text(error)}.", "Check the storage and the connection."
    )


def _who(conn_id: str | None) -> str:
    return f"the connection {conn_id}" if conn_id else "this worker's own account"


def _text(error: BaseException) -> str:
    """Return the text of an error in one line, without secrets."""
    text = _SECRET.sub(r"\1***", " ".join(str(error).split()))
    return f"{type(error).__name__}: {text[:LONGEST]}".rstrip(".: ")


def _says(error: BaseException, words: tuple[str, ...]) -> bool:
    causes = f"{error} {error.__cause__ or ''}"
    return any(each in causes for each in words)


def _status(error: Exception) -> int | None:
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    return status if isinstance(status, int) else None
