"""A limit of time for calls that have none of their own."""

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """Return what a call returns, or raise TimeoutError: it is left to itself then, in a thread that ends with us.

    :param seconds: float
    :param call: callable
    """
    future: Future[Any] = Future()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(call))
        except BaseException as error:  # ruff: ignore[blind-except] - raised where the result is asked for
            future.set_exception(error)

    threading.Thread(target=run, name="dinero-deadline", daemon=True).start()
    return future.result(seconds)
