"""Folders in object storage, and files that are written there whole or not at all."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

LOCAL = {"file", "local", ""}


def place_of(path: "str | ObjectStoragePath") -> "ObjectStoragePath":
    """Return a place in object storage or on a local disk.

    :param path: str or ObjectStoragePath; a str without a scheme is a local path
    """
    from airflow.sdk import ObjectStoragePath

    if isinstance(path, ObjectStoragePath):
        return path
    return ObjectStoragePath(path if "://" in path else str(Path(path).absolute()))


def put(local: Path, target: "ObjectStoragePath") -> None:
    """Bring a local file to its place. A file that is there is replaced, and nobody ever reads half of one.

    :param local: Path
    :param target: ObjectStoragePath; an object store shows an object when all of it has arrived
    """
    if target.protocol not in LOCAL:
        target.fs.put_file(str(local), target.path)
        return
    final = Path(target.path)
    final.parent.mkdir(parents=True, exist_ok=True)
    beside = final.with_name(f".{final.name}.{uuid4().hex}.part")
    try:
        shutil.copyfile(local, beside)
        with beside.open("rb+") as stream:  # a mark may be moved next, and must not be on the disk before the file
            os.fsync(stream.fileno())
        beside.replace(final)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
