"""Tokens in a folder of the user, for scripts: each run continues with the refresh token of the previous run."""

import errno
import hashlib
import json
import os
import stat
from contextlib import suppress
from pathlib import Path

from airflow_provider_dinero.api.errors import DineroConfigurationError, DineroUnavailable
from airflow_provider_dinero.api.ports import Token
from airflow_provider_dinero.coordination.files import FileLock


class FileTokenStore:
    """A TokenStore for all processes of a user on this machine, with the Lock that they hold while renewing a token.

    Each token is a file that only its owner can read (0600), in a folder that only its owner can enter (0700). A save
    replaces the whole file: a process that is killed leaves either the old token or the new one. A client with this
    store uses its lock too, unless you give it another one.

        client = DineroClient(123456, VismaConnect("isv_…", "secret", "refresh token"), token_store=FileTokenStore())

    :param folder: str or Path, created if missing; default `dinero` in $XDG_STATE_HOME, or in ~/.local/state
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        self.folder = Path(folder or Path(state) / "dinero").expanduser().absolute()
        self.lock = FileLock(self.folder)
        self._pending: dict[str, Token] = {}

    def load(self, key: str) -> Token | None:
        """Return the stored token, or None.

        :param key: str
        :raises DineroUnavailable: the file can't be read
        :raises DineroConfigurationError: the file holds no token. This isn't treated as a first run, which would use
            the first refresh token again.
        """
        if key in self._pending:
            return self._pending[key]
        path = self._path(key)
        try:
            text = _read(path)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise DineroUnavailable(
                f"The token in {path} can't be read: {error}.", "The file must belong to you."
            ) from None
        try:
            return Token.from_dict(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise DineroConfigurationError(
                f"{path} holds no token.", "Delete it, consent again, and pass the new refresh token to VismaConnect."
            ) from None

    def save(self, key: str, token: Token) -> None:
        """Store a token; it is on the disk before this returns.

        :param key: str
        :param token: Token
        :raises DineroUnavailable: it could not be stored; this process keeps using it
        """
        path = self._path(key)
        new = path.with_suffix(".new")
        try:
            with self.lock.hold("the folder of the tokens"):  # also creates the folder, for us alone
                new.unlink(missing_ok=True)  # left by a process that was killed
                descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w") as stream:
                    json.dump(token.as_dict(), stream)
                    stream.flush()
                    os.fsync(stream.fileno())
                new.replace(path)
        except OSError as error:
            self._pending[key] = token
            with suppress(OSError):
                new.unlink()
            raise DineroUnavailable(
                f"A token could not be stored in {path}: {error.strerror}.", "Free some space, or use another folder."
            ) from None
        self._pending.pop(key, None)

    def is_pending(self, key: str) -> bool:
        """Tell whether this process has a token that it could not store.

        :param key: str
        """
        return key in self._pending

    def _path(self, key: str) -> Path:
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.token"


def _read(path: Path) -> str:
    """Return the content of a regular file that we own: others could plant their own token, or a pipe that blocks us.

    :param path: Path
    :raises OSError: it isn't such a file, or can't be read
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), encoding="utf-8") as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "it isn't a file of this user")
        return stream.read()
