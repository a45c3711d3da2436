"""The lock and the allowance of a URL."""

from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from airflow_provider_dinero.api.errors import DineroConfigurationError
from airflow_provider_dinero.api.ports import Budget, Lock

REDIS = {"redis", "rediss", "unix"}
SETTING = ("coordination_url",)


def try_out(url: str) -> None:
    """Try everything that locks and allowance need at a URL. A folder is tried when its lock is taken.

    :param url: str, as `coordination` takes it
    :raises DineroUnavailable: a part of it doesn't work
    """
    if urlsplit(url).scheme in REDIS:
        from airflow_provider_dinero.coordination.redis import try_out

        try_out(url)


@lru_cache
def coordination(url: str) -> tuple[Lock, Budget]:
    """Return the lock and the budget that everyone with this URL shares; always the same ones in a process.

    :param url: str, redis://, rediss://, file:///folder, or a folder
    :return: (Lock, Budget)
    :raises DineroConfigurationError: the URL is invalid, or the extra redis is missing
    """
    from airflow_provider_dinero.coordination.fallback import FallbackBudget

    try:
        parts = urlsplit(url)
    except ValueError:
        raise DineroConfigurationError(
            "coordination_url is not a URL: it has an unclosed bracket.",
            "In a password write [ as %5B, ] as %5D and / as %2F.",
            settings=SETTING,
        ) from None
    if not unquote(url).isprintable():
        # Its content is sent to whatever listens there, so it must not become lines of another protocol.
        raise DineroConfigurationError(
            "coordination_url contains a line break or another control character.", "Correct it.", settings=SETTING
        )
    if parts.scheme in REDIS:
        from airflow_provider_dinero.coordination.redis import RedisBudget, RedisLock

        return RedisLock(url), FallbackBudget(RedisBudget(url))
    path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(url)
    if parts.scheme not in {"file", ""} or parts.netloc not in {"", "localhost"} or not path.is_absolute():
        begins = f"{parts.scheme}://{parts.hostname}" if parts.netloc else parts.scheme or next(iter(path.parts), ".")
        begins = begins.rpartition("@")[2]  # without redis:// a password isn't recognized as one
        raise DineroConfigurationError(
            f"coordination_url starts with {begins!r}, which is neither a Redis server nor a folder.",
            "Write redis://host:6379/0, rediss://..., or file:///a/folder, with three slashes.",
            settings=SETTING,
        )
    from airflow_provider_dinero.coordination.files import FileBudget, FileLock

    return FileLock(path), FallbackBudget(FileBudget(path))
