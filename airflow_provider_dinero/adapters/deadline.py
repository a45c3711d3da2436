"""A time limit for calls that have none of their own."""

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """Return the result of a call, or raise TimeoutError; the call then runs on in a thread that ends with the process.

    :param seconds: float
    :param call: callable
    """
    future: Future[Any] = Future()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(call))
        except BaseException as error:  # ruff: ignore[blind-except] - raised when the result is read
            future.set_exception(error)

    threading.Thread(target=run, name="dinero-deadline", daemon=True).start()
    return future.result(seconds)
